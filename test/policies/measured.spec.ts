import assert from "node:assert/strict";
import fc from "fast-check";
import {
  byName,
  difference,
  judgeNumber,
  numberProblem,
  onEvaluationRows,
  rangeOf,
  rangeText,
  share,
} from "../../policies/measured";
import { evidence } from "./fixtures";

const measurement = {
  subject: "accuracy",
  value: 0.92,
  limit: 0.9,
  kind: "floor",
  what: "churn-model v2 has accuracy",
  where: "on 400 rows of eval.csv",
} as const;

describe("judgeNumber", () => {
  it("passes a number inside and says how far", () => {
    assert.deepEqual(judgeNumber(measurement), {
      passed: true,
      subject: "accuracy",
      code: "ok",
      value: 0.92,
      threshold: 0.9,
      margin: 0.02,
      reason:
        "churn-model v2 has accuracy 0.92 on 400 rows of eval.csv, within the floor 0.9 (margin 0.02).",
    });
  });

  it("refuses by a code of its kind, or by the given one", () => {
    assert.equal(judgeNumber({ ...measurement, limit: 0.95 }).code, "below-floor");
    assert.equal(judgeNumber({ ...measurement, kind: "ceiling" }).code, "above-ceiling");
    assert.equal(judgeNumber({ ...measurement, kind: "limit" }).code, "above-limit");
    const code = "lost-too-much";
    assert.equal(judgeNumber({ ...measurement, kind: "limit", code }).code, code);
  });

  it("writes the unit beside every number that has it", () => {
    const { reason } = judgeNumber({ ...measurement, kind: "limit", unit: "ms" });
    assert.equal(
      reason,
      "churn-model v2 has accuracy 0.92 ms on 400 rows of eval.csv, above the limit 0.9 ms (margin -0.02 ms).",
    );
  });

  it("passes exactly what keeps the limit, with a margin of that sign", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, fc.boolean(), (value, limit, floor) => {
        const kind = floor ? "floor" : "limit";
        const finding = judgeNumber({ ...measurement, value, limit, kind });
        assert.equal(finding.passed, floor ? value >= limit : value <= limit);
        assert.equal(finding.margin! >= 0, finding.passed);
      }),
    );
  });

  it("refuses everything that is no finite number", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const finding = judgeNumber({ ...measurement, value, kind: "limit", limit: 1e300 });
        if (typeof value !== "number") assert.equal(finding.code, "wrong-type");
        else if (!Number.isFinite(value)) assert.equal(finding.code, "not-finite");
        else assert.ok(["ok", "above-limit"].includes(finding.code));
      }),
    );
  });
});

describe("numberProblem", () => {
  it("finds nothing wrong with numbers in the range, ends included", () => {
    for (const value of [0, 0.5, 1]) assert.equal(numberProblem(value, share), null);
  });

  const wrong: [unknown, string, string][] = [
    ["0.95", "wrong-type", '"0.95", which is not a number'],
    [null, "wrong-type", "null, which is not a number"],
    [undefined, "wrong-type", "undefined, which is not a number"],
    [NaN, "not-finite", "NaN, which is not a finite number"],
    [-Infinity, "not-finite", "-Infinity, which is not a finite number"],
    [91.25, "wrong-unit", "91.25, which can't be above 1"],
    [-0.1, "wrong-unit", "-0.1, which can't be below 0"],
  ];
  for (const [value, code, text] of wrong) {
    it(`refuses ${text}`, () => {
      const problem = numberProblem(value, share);
      assert.equal(problem?.code, code);
      assert.equal(problem?.text, text);
    });
  }
});

describe("rangeOf", () => {
  it("knows the metrics that the evaluator measures, and takes any number of others", () => {
    assert.deepEqual(
      ["accuracy", "r2", "rmse", "auc", "toString"].map((metric) => rangeText(rangeOf(metric))),
      ["from 0 to 1", "of at most 1", "of at least 0", "", ""],
    );
  });
});

describe("difference", () => {
  it("has no noise of binary fractions", () => {
    assert.notEqual(0.9 - 0.89, 0.01);
    assert.equal(difference(0.9, 0.89), 0.01);
    assert.equal(difference(0.05, -0.1), 0.15);
  });
});

describe("onEvaluationRows", () => {
  it("says how many rows were measured, and of how many when they were sampled", () => {
    assert.equal(onEvaluationRows(evidence), "on 400 rows of data/staging/eval.csv");
    const data = { ...evidence.data, rows: 5000 };
    assert.equal(
      onEvaluationRows({ ...evidence, data }),
      "on 400 of 5000 rows of data/staging/eval.csv",
    );
  });
});

describe("byName", () => {
  it("gives one order whatever order the keys came in", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (names) => {
        const record = (keys: string[]) => Object.fromEntries(keys.map((key) => [key, key]));
        const given = byName(record(names));
        assert.deepEqual(given, byName(record([...names].reverse())));
        assert.deepEqual(
          given.map(([name]) => name),
          given.map(([name]) => name).sort(),
        );
      }),
    );
  });
});
