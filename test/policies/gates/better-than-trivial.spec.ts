import assert from "node:assert/strict";
import fc from "fast-check";
import { betterThanTrivial } from "../../../policies/gates/better-than-trivial";
import type { Evidence } from "../../../registry/evidence";
import { candidate, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Trivial = NonNullable<Evidence["trivial"]>;

const withTrivial = (change: Partial<Trivial> | undefined) =>
  candidate({
    evidence: { ...evidence, trivial: change && { ...evidence.trivial!, ...change } },
  });
const judge = (change: Partial<Trivial>, settings: object = {}) =>
  only(betterThanTrivial, withTrivial(change), settings);

/** A model of a number. */
const error = { metric: "rmse", test: "paired-bootstrap", answer: "12.5" } as const;

describe("betterThanTrivial", () => {
  it("passes a version that finds both classes", () => {
    assert.deepEqual(only(betterThanTrivial, candidate()), {
      passed: true,
      subject: "balanced-accuracy",
      code: "ok",
      value: 0.41,
      threshold: 0,
      margin: 0.41,
      reason:
        "churn-model v2 has balanced accuracy 0.91 beside 0.5 of always answering 0 on data/staging/eval.csv, better by 0.41, within the limit 0 (margin 0.41) (p-value 1e-60 by Fisher's exact test).",
    });
  });

  it("refuses a constant", () => {
    const finding = judge({ candidate: 0.5, pValue: 1 });
    assert.deepEqual([finding.code, finding.value, finding.threshold], ["not-better", 1, 0.05]);
    assert.equal(
      finding.reason,
      "churn-model v2 has balanced accuracy 0.5 beside 0.5 of always answering 0 on data/staging/eval.csv, better by 0, but chance explains it (p-value 1 by Fisher's exact test).",
    );
  });

  it("refuses a version worse than a constant, however sure that is", () => {
    const finding = judge({ candidate: 0.4, pValue: 0.001 });
    assert.deepEqual([finding.code, finding.value, finding.margin], ["not-better", -0.1, -0.1]);
    assert.match(finding.reason, /better by -0\.1, below the limit 0 \(margin -0\.1\)/);
  });

  it("passes a p-value of exactly the significance and refuses one above", () => {
    assert.equal(judge({ pValue: 0.05 }).passed, true);
    assert.equal(judge({ pValue: 0.0501 }).code, "not-better");
    assert.equal(judge({ pValue: 0.04 }, { significance: 0.01 }).code, "not-better");
  });

  it("passes a lead of exactly the margin, though the binary fractions are a little less", () => {
    assert.ok(0.7 - 0.5 < 0.2);
    assert.equal(judge({ candidate: 0.7 }, { margin: 0.2 }).margin, 0);
    assert.equal(judge({ candidate: 0.69 }, { margin: 0.2 }).code, "not-better");
  });

  it("takes a lower error for better", () => {
    const finding = judge({ ...error, candidate: 3, trivial: 10, pValue: 0.0005 });
    assert.deepEqual([finding.code, finding.subject, finding.value], ["ok", "rmse", 7]);
    assert.match(
      finding.reason,
      /rmse 3 beside 10 of always answering 12\.5 on .* by paired boots/,
    );
    assert.equal(judge({ ...error, candidate: 11, trivial: 10, pValue: 0.9 }).code, "not-better");
  });

  it("refuses a regression on fewer distinct rows than tell anything, however good it is on them", () => {
    const perfect = { ...error, candidate: 0, trivial: 10, pValue: 0.001 };
    assert.equal(judge({ ...perfect, rows: 30 }).passed, true);
    const finding = judge({ ...perfect, rows: 3 });
    assert.deepEqual([finding.code, finding.value, finding.margin], ["too-few-rows", 3, -27]);
    assert.equal(
      finding.reason,
      "churn-model v2 was compared with a constant on 3 distinct rows among 400 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -27).",
    );
    assert.equal(judge({ ...perfect, rows: 3 }, { minimumRows: 3 }).passed, true);
  });

  it("leaves few rows of classes to their exact test", () => {
    assert.equal(judge({ candidate: 1, rows: 12, pValue: 0.001 }).passed, true);
    assert.equal(judge({ candidate: 1, rows: 3, pValue: 1 / 3 }).code, "not-better");
  });

  for (const part of ["candidate", "trivial", "pValue"] as const) {
    it(`refuses a ${part} that is no number, or in another unit`, () => {
      assert.equal(judge({ [part]: NaN }).code, "not-finite");
      assert.equal(judge({ [part]: "0.9" }).code, "wrong-type");
      assert.equal(judge({ [part]: 91 }).code, "wrong-unit");
    });
  }

  it("refuses what was never compared, but for what may come back", () => {
    const former = withTrivial(undefined);
    const finding = only(betterThanTrivial, former);
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 was not compared with a constant answer on data/staging/eval.csv; run `tollgate evaluate` again.",
    );
    const history = { ...former.history, releasedAt: "2026-01-10T12:00:00.000Z" };
    assert.equal(only(betterThanTrivial, { ...former, history }).passed, true);
    const worse = { ...withTrivial({ candidate: 0.5, pValue: 1 }), history };
    assert.equal(only(betterThanTrivial, worse).code, "not-better");
  });

  it("refuses without evidence", () => refusesWithoutEvidence(betterThanTrivial, "use"));

  it("refuses settings that can't be meant", () => {
    for (const settings of [
      { margin: -0.1 },
      { significance: 0 },
      { significance: 0.6 },
      { minimumRows: 0 },
      { metric: "accuracy" },
    ]) {
      assert.equal(betterThanTrivial.settings.safeParse(settings).success, false);
    }
  });

  it("has a margin that is negative exactly when it refuses", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, (mine, other, pValue) => {
        const finding = judge({ candidate: mine, trivial: other, pValue });
        assert.equal(finding.margin! >= 0, finding.passed);
      }),
    );
  });
});
