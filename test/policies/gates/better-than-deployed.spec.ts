import assert from "node:assert/strict";
import fc from "fast-check";
import type { Comparison } from "../../../policies/deployed";
import { betterThanDeployed } from "../../../policies/gates/better-than-deployed";
import { candidate, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

type Quality = NonNullable<Comparison["quality"]>;

const comparison = evidence.comparison!;

/** The fixture's comparison with changes to what was measured. */
const withQuality = (change: Partial<Quality>) =>
  withEvidence("comparison", { ...comparison, quality: { ...comparison.quality!, ...change } });

/** Ten points worse, and surely so. */
const worse = { candidate: 0.8, deployed: 0.9, loss: 0.1, lossAtMost: 0.13, pValue: 0.001 };

describe("betterThanDeployed", () => {
  it("passes a version that is better", () => {
    assert.deepEqual(only(betterThanDeployed, candidate()), {
      passed: true,
      subject: "accuracy",
      code: "ok",
      value: 0.008,
      threshold: 0.05,
      margin: 0.042,
      reason:
        "churn-model v2 has accuracy 0.9125 beside 0.9 of the deployed churn-model v1 on 400 rows of data/staging/eval.csv, worse by at most 0.008 at significance 0.05, within the limit 0.05 (margin 0.042) (p-value 0.9 by McNemar's exact test).",
    });
  });

  it("refuses a version that is worse by more than chance explains", () => {
    assert.deepEqual(only(betterThanDeployed, withQuality(worse)), {
      passed: false,
      subject: "accuracy",
      code: "worse",
      value: 0.1,
      threshold: 0,
      margin: -0.1,
      reason:
        "churn-model v2 has accuracy 0.8 beside 0.9 of the deployed churn-model v1 on 400 rows of data/staging/eval.csv, worse by 0.1, above the limit 0 (margin -0.1), and chance does not explain it (p-value 0.001 by McNemar's exact test).",
    });
  });

  it("passes a loss of exactly the margin, though the binary fractions are a little more", () => {
    const change = { candidate: 0.89, deployed: 0.9, loss: 0.9 - 0.89, lossAtMost: 0.03 };
    const judged = withQuality({ ...change, pValue: 0.001 });
    assert.equal(only(betterThanDeployed, judged, { margin: 0.01 }).passed, true);
    assert.equal(only(betterThanDeployed, judged, { margin: 0.0099 }).code, "worse");
  });

  it("passes a loss that chance explains: a p-value of exactly the significance", () => {
    const judged = (pValue: number) =>
      withQuality({ ...worse, candidate: 0.89, lossAtMost: 0.04, pValue });
    assert.equal(only(betterThanDeployed, judged(0.05)).passed, true);
    assert.equal(only(betterThanDeployed, judged(0.0499)).code, "worse");
  });

  it("refuses what so few rows can't tell, and passes at exactly the limit", () => {
    const judged = (lossAtMost: number) => withQuality({ lossAtMost, pValue: 0.4 });
    const settings = { margin: 0.01, uncertainty: 0.05 };
    assert.equal(only(betterThanDeployed, judged(0.06), settings).margin, 0);
    const finding = only(betterThanDeployed, judged(0.061), settings);
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold, finding.margin],
      ["undecided", 0.061, 0.06, -0.001],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 has accuracy 0.9125 beside 0.9 of the deployed churn-model v1 on 400 rows of data/staging/eval.csv, worse by at most 0.061 at significance 0.05, above the limit 0.06 (margin -0.001): too few rows to tell (p-value 0.4 by McNemar's exact test).",
    );
  });

  it("refuses a comparison on fewer distinct rows than are needed, whatever it says", () => {
    const agree = { candidate: 1, deployed: 1, loss: 0, lossAtMost: 0, pValue: 1, rows: 1000 };
    assert.equal(
      only(betterThanDeployed, withQuality({ ...agree, distinctRows: 30 })).passed,
      true,
    );
    const finding = only(betterThanDeployed, withQuality({ ...agree, distinctRows: 1 }));
    assert.deepEqual([finding.code, finding.value, finding.margin], ["too-few-rows", 1, -29]);
    assert.equal(
      finding.reason,
      "churn-model v2 was compared by its accuracy with the deployed churn-model v1 on 1 distinct row among 1000 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -29).",
    );
    const lowered = withQuality({ ...agree, distinctRows: 4 });
    assert.equal(only(betterThanDeployed, lowered, { minimumRows: 4 }).passed, true);
  });

  it("refuses a comparison of which nobody counted the distinct rows", () => {
    const finding = only(betterThanDeployed, withQuality({ distinctRows: undefined }));
    assert.equal(finding.code, "not-measured");
    assert.match(finding.reason, /nobody counted the distinct ones; run `tollgate evaluate` again/);
  });

  it("refuses a loss that the document plays down", () => {
    const judged = withQuality({ ...worse, loss: 0, lossAtMost: 0, pValue: 1 });
    assert.equal(only(betterThanDeployed, judged).code, "undecided");
    assert.equal(only(betterThanDeployed, judged).value, 0.1);
  });

  it("takes a lower error for better", () => {
    const errors = { metric: "rmse", test: "paired-bootstrap" } as const;
    const judged = (mine: number, pValue: number) =>
      withQuality({ ...errors, candidate: mine, deployed: 12, lossAtMost: 0.04, pValue });
    const settings = { metric: "rmse" };
    assert.equal(only(betterThanDeployed, judged(11, 0.001), settings).passed, true);
    const finding = only(betterThanDeployed, judged(13, 0.001), settings);
    assert.deepEqual([finding.code, finding.value], ["worse", 1]);
    assert.match(finding.reason, /\(p-value 0\.001 by paired bootstrap\)\.$/);
  });

  it("compares a regression by its rmse when the settings name no metric", () => {
    const judged = candidate({ evidence: { ...evidence, task: "regression" } });
    const finding = only(betterThanDeployed, judged);
    assert.deepEqual([finding.code, finding.threshold], ["measured-otherwise", "rmse"]);
  });

  it("refuses a comparison by another metric or significance", () => {
    const byMetric = only(betterThanDeployed, candidate(), { metric: "f1" });
    assert.deepEqual(
      [byMetric.code, byMetric.subject, byMetric.value, byMetric.threshold],
      ["measured-otherwise", "metric", "accuracy", "f1"],
    );
    assert.equal(
      byMetric.reason,
      "churn-model v2 was compared by metric accuracy, but the settings say f1; run `tollgate evaluate` again.",
    );
    const bySignificance = only(betterThanDeployed, candidate(), { significance: 0.01 });
    assert.deepEqual(
      [bySignificance.code, bySignificance.value, bySignificance.threshold],
      ["measured-otherwise", 0.05, 0.01],
    );
  });

  it("refuses when the deployed version couldn't be measured, and says why", () => {
    const problem = "churn-model v1 fails on these rows: it has no column region.";
    const judged = withEvidence("comparison", { ...comparison, problem, quality: null });
    const finding = only(betterThanDeployed, judged);
    assert.equal(finding.code, "not-comparable");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be compared in its accuracy with the deployed churn-model v1 on data/staging/eval.csv: churn-model v1 fails on these rows: it has no column region.",
    );
  });

  it("refuses when the quality was not compared", () => {
    const finding = only(betterThanDeployed, withEvidence("comparison", { quality: null }));
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 has no accuracy compared with the deployed churn-model v1 on data/staging/eval.csv; run `tollgate evaluate` again.",
    );
  });

  for (const part of ["candidate", "deployed", "loss", "lossAtMost", "pValue"] as const) {
    it(`refuses a ${part} that is no number`, () => {
      assert.equal(only(betterThanDeployed, withQuality({ [part]: NaN })).code, "not-finite");
      assert.equal(only(betterThanDeployed, withQuality({ [part]: "0" })).code, "wrong-type");
    });
  }

  it("refuses a p-value and an accuracy in another unit", () => {
    assert.equal(only(betterThanDeployed, withQuality({ pValue: 5 })).code, "wrong-unit");
    const finding = only(betterThanDeployed, withQuality({ candidate: 91.25 }));
    assert.equal(finding.code, "wrong-unit");
    assert.equal(
      finding.reason,
      "churn-model v2 was compared by accuracy with a candidate of 91.25, which can't be above 1.",
    );
  });

  it("passes when nothing is deployed", () => {
    const history = { ...candidate().history, deployed: null };
    assert.equal(only(betterThanDeployed, candidate({ history })).passed, true);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(betterThanDeployed, "quality"));

  it("refuses settings that can't be meant", () => {
    for (const settings of [
      { metric: "auc" },
      { margin: -0.01 },
      { significance: 0 },
      { significance: 0.6 },
      { uncertainty: -1 },
      { alpha: 0.05 },
    ]) {
      assert.equal(betterThanDeployed.settings.safeParse(settings).success, false);
    }
  });

  it("never passes a worse version than one it refused on the same test", () => {
    const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(accuracy, accuracy, chance, (one, other, pValue) => {
        const passes = (mine: number) => {
          const lossAtMost = 0.9 - mine + 0.02;
          return only(betterThanDeployed, withQuality({ candidate: mine, lossAtMost, pValue }))
            .passed;
        };
        assert.ok(passes(Math.max(one, other)) || !passes(Math.min(one, other)));
      }),
    );
  });

  it("has a margin that is negative exactly when it refuses", () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true });
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, number, unit, (mine, lossAtMost, pValue) => {
        const finding = only(
          betterThanDeployed,
          withQuality({ candidate: mine, lossAtMost, pValue }),
        );
        assert.equal(finding.margin! >= 0, finding.passed);
      }),
    );
  });
});
