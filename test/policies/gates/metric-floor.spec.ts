import assert from "node:assert/strict";
import fc from "fast-check";
import { parseInWords } from "../../../config/problems";
import { metricFloor } from "../../../policies/gates/metric-floor";
import { evidenceSchema } from "../../../registry/evidence";
import { candidate, evidence, only, pin, refusesWithoutEvidence, withEvidence } from "../fixtures";

const accuracy = (value: number) => withEvidence("metrics", { accuracy: value });
const floor = { floors: { accuracy: 0.9 } };

describe("metricFloor", () => {
  it("passes a metric above its floor", () => {
    assert.deepEqual(only(metricFloor, candidate(), floor), {
      passed: true,
      subject: "accuracy",
      code: "ok",
      value: 0.9125,
      threshold: 0.9,
      margin: 0.0125,
      reason:
        "churn-model v2 has accuracy 0.9125 on 400 rows of data/staging/eval.csv, within the floor 0.9 (margin 0.0125).",
    });
  });

  it("refuses the churn exercise's logistic regression with its numbers", () => {
    const judged = { ...accuracy(0.894), pin: { ...pin, version: "1" } };
    assert.deepEqual(only(metricFloor, judged, floor), {
      passed: false,
      subject: "accuracy",
      code: "below-floor",
      value: 0.894,
      threshold: 0.9,
      margin: -0.006,
      reason:
        "churn-model v1 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006).",
    });
  });

  it("passes a value exactly at the floor", () => {
    const finding = only(metricFloor, accuracy(0.9), floor);
    assert.equal(finding.passed, true);
    assert.equal(finding.margin, 0);
  });

  it("refuses a value just below the floor, and shows how they differ", () => {
    const finding = only(metricFloor, accuracy(0.89999999), floor);
    assert.equal(
      finding.reason,
      "churn-model v2 has accuracy 0.89999999 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -1e-8).",
    );
  });

  it("shortens a value that goes on for ever", () => {
    assert.equal(
      only(metricFloor, accuracy(2 / 3), floor).reason,
      "churn-model v2 has accuracy 0.666667 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.233333).",
    );
  });

  it("gives one finding for each limit, floors first, each sorted by metric", () => {
    const findings = metricFloor.check(
      candidate(),
      metricFloor.settings.parse({
        floors: { recall: 0.8, accuracy: 0.9 },
        ceilings: { f1: 1, precision: 1 },
      }),
    );
    assert.deepEqual(
      findings.map(({ subject }) => subject),
      ["accuracy", "recall", "f1", "precision"],
    );
  });

  it("passes an error exactly at its ceiling and refuses one above", () => {
    const settings = { ceilings: { rmse: 12 } };
    assert.equal(only(metricFloor, withEvidence("metrics", { rmse: 12 }), settings).passed, true);
    const finding = only(metricFloor, withEvidence("metrics", { rmse: 12.5 }), settings);
    assert.equal(finding.code, "above-ceiling");
    assert.equal(finding.margin, -0.5);
    assert.equal(
      finding.reason,
      "churn-model v2 has rmse 12.5 on 400 rows of data/staging/eval.csv, above the ceiling 12 (margin -0.5).",
    );
  });

  it("refuses a metric that was never recorded, and names those that were", () => {
    const finding = only(metricFloor, candidate(), { floors: { auc: 0.9 } });
    assert.equal(finding.code, "missing");
    assert.equal(
      finding.reason,
      "churn-model v2 has no metric auc on 400 rows of data/staging/eval.csv, which has the floor 0.9; recorded: accuracy, f1, precision, recall.",
    );
  });

  it("refuses a metric that is only a name every object has", () => {
    assert.equal(only(metricFloor, candidate(), { floors: { toString: 0.9 } }).code, "missing");
  });

  const wrong: [unknown, string, string][] = [
    [NaN, "not-finite", "NaN, which is not a finite number"],
    [Infinity, "not-finite", "Infinity, which is not a finite number"],
    ["0.95", "wrong-type", '"0.95", which is not a number'],
    [91.25, "wrong-unit", "91.25, which can't be above 1"],
  ];
  for (const [value, code, text] of wrong) {
    it(`refuses accuracy ${text}`, () => {
      const finding = only(metricFloor, accuracy(value as number), floor);
      assert.equal(finding.code, code);
      assert.equal(
        finding.reason,
        `churn-model v2 has accuracy ${text}, on 400 rows of data/staging/eval.csv, against the floor 0.9.`,
      );
    });
  }

  it("passes an r2 below 0 that keeps its floor", () => {
    const finding = only(metricFloor, withEvidence("metrics", { r2: -0.5 }), {
      floors: { r2: -1 },
    });
    assert.equal(finding.passed, true);
    assert.equal(finding.margin, 0.5);
  });

  it("says of how many rows the measured ones were sampled", () => {
    const data = { ...evidence.data, rows: 5000 };
    assert.equal(
      only(metricFloor, candidate({ evidence: { ...evidence, data } }), floor).reason,
      "churn-model v2 has accuracy 0.9125 on 400 of 5000 rows of data/staging/eval.csv, within the floor 0.9 (margin 0.0125).",
    );
  });

  it("never sees a metric of a wrong type: the evidence's schema refuses it first", () => {
    for (const value of ["0.95", NaN, Infinity, null]) {
      const document = { ...evidence, metrics: { accuracy: value } };
      assert.equal(evidenceSchema.safeParse(document).success, false, String(value));
    }
  });

  it("refuses when it was switched on without any limit", () => {
    const finding = only(metricFloor, candidate());
    assert.equal(finding.code, "no-limit");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged: tollgate:gates.metric-floor names no floor and no ceiling.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(metricFloor, "metrics", floor));

  it("refuses limits that their metric can't have, and unknown settings", () => {
    for (const settings of [
      { floors: { accuracy: 90 } },
      { floors: { accuracy: -0.1 } },
      { floors: { accuracy: NaN } },
      { floors: { r2: 1.1 } },
      { floors: { auc: "0.9" } },
      { ceilings: { rmse: -1 } },
      { ceilings: { rmse: Infinity } },
      { floor: { accuracy: 0.9 } },
    ]) {
      assert.equal(
        metricFloor.settings.safeParse(settings).success,
        false,
        JSON.stringify(settings),
      );
    }
  });

  it("says in words which limits a metric can have", () => {
    const { problems } = parseInWords(metricFloor.settings, { floors: { accuracy: 90 } });
    assert.deepEqual(problems, [
      {
        path: ["floors", "accuracy"],
        text: "got 90, expected a number from 0 to 1, as accuracy is one",
      },
    ]);
  });

  it("passes exactly when the value is at least the floor, with a margin of that sign", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (value, limit) => {
        const finding = only(metricFloor, accuracy(value), { floors: { accuracy: limit } });
        assert.equal(finding.passed, value >= limit);
        assert.equal(finding.margin! >= 0, finding.passed);
      }),
    );
  });
});
