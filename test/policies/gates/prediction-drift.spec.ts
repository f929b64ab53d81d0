import assert from "node:assert/strict";
import type { Comparison } from "../../../policies/deployed";
import { predictionDrift } from "../../../policies/gates/prediction-drift";
import { candidate, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

type Predictions = NonNullable<Comparison["predictions"]>;

const comparison = evidence.comparison!;
const judge = (change: Partial<Predictions>, settings: object = {}) =>
  only(
    predictionDrift,
    withEvidence("comparison", { predictions: { ...comparison.predictions!, ...change } }),
    settings,
  );

describe("predictionDrift", () => {
  it("passes predictions distributed like the deployed version's", () => {
    assert.deepEqual(judge({}), {
      passed: true,
      subject: "classes",
      code: "ok",
      value: 0.01,
      threshold: 0.2,
      margin: 0.19,
      reason:
        "churn-model v2 gives classes distributed like those of the deployed churn-model v1 on 400 rows of data/staging/eval.csv: PSI 0.01 is within the limit 0.2 (margin 0.19).",
    });
  });

  it("passes exactly at the limits and refuses just outside", () => {
    assert.equal(judge({ psi: 0.2, pValue: 0 }).margin, 0);
    assert.equal(judge({ psi: 0.21, pValue: 0.05 }).passed, true);
    const finding = judge({ psi: 0.21, pValue: 0.049 });
    assert.deepEqual([finding.code, finding.margin], ["drifted", -0.01]);
    assert.equal(
      finding.reason,
      "churn-model v2 gives classes distributed otherwise than those of the deployed churn-model v1 on 400 rows of data/staging/eval.csv: PSI 0.21 is above the limit 0.2 (margin -0.01), and chance does not explain it (p-value 0.049, below 0.05).",
    );
  });

  it("refuses so few distinct rows that any two versions look alike on them", () => {
    const counted = (distinctRows: number) =>
      candidate({
        evidence: { ...evidence, support: { ...evidence.support!, distinctRows } },
      });
    assert.equal(only(predictionDrift, counted(30)).passed, true);
    const finding = only(predictionDrift, counted(1));
    assert.deepEqual([finding.code, finding.value, finding.margin], ["too-few-rows", 1, -29]);
    assert.equal(only(predictionDrift, counted(1), { minimumRows: 1 }).passed, true);
    const former = candidate({ evidence: { ...evidence, support: undefined } });
    assert.equal(only(predictionDrift, former).code, "not-measured");
  });

  it("judges the scores of a regression", () => {
    const finding = judge({ kind: "scores", test: "kolmogorov-smirnov", psi: 0.5, pValue: 0 });
    assert.deepEqual([finding.code, finding.subject], ["drifted", "scores"]);
  });

  it("refuses numbers that are none, or in another unit", () => {
    const finding = judge({ psi: NaN });
    assert.equal(finding.code, "not-finite");
    assert.equal(
      finding.reason,
      "churn-model v2 gives classes that can't be judged beside those of the deployed churn-model v1 on 400 rows of data/staging/eval.csv: PSI is NaN, which is not a finite number, against the limit 0.2.",
    );
    assert.equal(judge({ pValue: "0.5" as unknown as number }).code, "wrong-type");
    assert.equal(judge({ pValue: 50 }).code, "wrong-unit");
  });

  it("refuses when the predictions were not compared", () => {
    const finding = only(predictionDrift, withEvidence("comparison", { predictions: null }));
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 has no predictions compared with the deployed churn-model v1 on 400 rows of data/staging/eval.csv; run `tollgate evaluate` again.",
    );
  });

  it("refuses when the deployed version couldn't be measured, and says why", () => {
    const problem = "its package xgboost is missing";
    const finding = only(
      predictionDrift,
      withEvidence("comparison", { problem, predictions: null }),
    );
    assert.equal(finding.code, "not-comparable");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be compared in its predictions with the deployed churn-model v1 on 400 rows of data/staging/eval.csv: its package xgboost is missing.",
    );
  });

  it("refuses when nothing was compared", () => {
    assert.equal(only(predictionDrift, withEvidence("comparison", null)).code, "not-measured");
  });

  it("passes when nothing is deployed", () => {
    const history = { ...candidate().history, deployed: null };
    assert.equal(only(predictionDrift, candidate({ history })).passed, true);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(predictionDrift, "predictions"));

  it("refuses settings that can't be meant", () => {
    for (const settings of [{ psi: -1 }, { significance: 5 }, { psi: "0.2" }, { metric: "psi" }]) {
      assert.equal(predictionDrift.settings.safeParse(settings).success, false);
    }
  });
});
