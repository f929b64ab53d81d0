import assert from "node:assert/strict";
import fc from "fast-check";
import { metricFloor } from "../../../policies/gates/metric-floor";
import type { Support } from "../../../policies/support";
import { evidenceSchema } from "../../../registry/evidence";
import { parseInWords } from "../../../strict/problems";
import { candidate, evidence, only, pin, refusesWithoutEvidence, withEvidence } from "../fixtures";

const accuracy = (value: number) => withEvidence("metrics", { accuracy: value });
const floor = { floors: { accuracy: 0.9 } };
/** Evidence that stands on other distinct rows. */
const counted = (support: Partial<Support>, metrics: Record<string, number> = {}) =>
  candidate({
    evidence: {
      ...evidence,
      metrics: { ...evidence.metrics, ...metrics },
      support: { ...evidence.support!, ...support },
    },
  });

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

  it("takes f1 below its floor for below, however few rows it has", () => {
    const judged = counted({ distinctRows: 3 }, { f1: 0.5 });
    assert.equal(only(metricFloor, judged, { floors: { f1: 0.8 } }).code, "below-floor");
  });

  it("refuses a perfect accuracy on one row less than proves its floor", () => {
    assert.equal(only(metricFloor, counted({ distinctRows: 29 }), floor).passed, true);
    assert.deepEqual(only(metricFloor, counted({ distinctRows: 28 }), floor), {
      passed: false,
      subject: "accuracy",
      code: "too-few-rows",
      value: 28,
      threshold: 29,
      margin: -1,
      reason:
        "churn-model v2 can't be judged by its accuracy: data/staging/eval.csv has 28 distinct rows, fewer than the 29 that are needed (margin -1): on fewer, an accuracy below 0.9 looks perfect by chance more often than 0.05.",
    });
  });

  it("counts the rows of a class for recall, what is said to be of it for precision, the fewer for f1", () => {
    const code = (metric: string, distinctRows: number, predicted: number) => {
      const one = { value: "1", rows: 20, distinctRows, predicted };
      const support = { ...evidence.support!, classes: [evidence.support!.classes![0]!, one] };
      return only(metricFloor, counted(support), { floors: { [metric]: 0.8 } }).code;
    };
    assert.deepEqual([code("recall", 14, 1), code("recall", 13, 99)], ["ok", "too-few-rows"]);
    assert.deepEqual([code("precision", 1, 14), code("precision", 99, 13)], ["ok", "too-few-rows"]);
    assert.deepEqual(
      [code("f1", 14, 14), code("f1", 13, 99), code("f1", 99, 13)],
      ["ok", "too-few-rows", "too-few-rows"],
    );
  });

  it("needs rows of every class for a mean over classes, and names the one that lacks them", () => {
    const judge = (metric: string, ofB: number) => {
      const classes = ["a", "b", "c"].map((value) => ({
        value,
        rows: 40,
        distinctRows: value === "b" ? ofB : 40,
        predicted: 40,
      }));
      const judged = counted({ distinctRows: 80 + ofB, positive: null, classes });
      return only(metricFloor, judged, { floors: { [metric]: 0.8 } });
    };
    // A third of 14 rows; of the 29 that one half of 1.8 needs, for f1.
    assert.deepEqual([judge("recall", 5).code, judge("recall", 4).code], ["ok", "too-few-rows"]);
    assert.deepEqual([judge("f1", 10).code, judge("f1", 9).code], ["ok", "too-few-rows"]);
    assert.equal(judge("precision", 0).code, "ok");
    const finding = judge("recall", 4);
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged by its recall: data/staging/eval.csv has 4 distinct rows of class b, fewer than the 5 that are needed (margin -1): on fewer, a recall below 0.8 looks perfect by chance more often than 0.05.",
    );
  });

  it("refuses a metric of classes that nobody counted", () => {
    const judged = counted({ classes: null });
    for (const each of [judged, counted({ classes: [] }), counted({ positive: "2" })]) {
      assert.equal(only(metricFloor, each, { floors: { recall: 0.8 } }).code, "not-measured");
    }
    assert.equal(only(metricFloor, judged, floor).passed, true);
  });

  it("needs thirty distinct rows where no exact rule is known", () => {
    const judge = (distinctRows: number, settings: object) =>
      only(metricFloor, counted({ distinctRows }, { rmse: 3, r2: 0.9 }), settings).code;
    for (const settings of [{ floors: { r2: 0.7 } }, { ceilings: { rmse: 12 } }]) {
      assert.deepEqual([judge(30, settings), judge(29, settings)], ["ok", "too-few-rows"]);
    }
  });

  it("takes another significance and another number of rows from the settings", () => {
    const code = (distinctRows: number, settings: object) =>
      only(metricFloor, counted({ distinctRows }), { ...floor, ...settings }).code;
    assert.deepEqual(
      [code(44, { significance: 0.01 }), code(43, { significance: 0.01 })],
      ["ok", "too-few-rows"],
    );
    assert.deepEqual(
      [code(3, { minimumRows: 3 }), code(2, { minimumRows: 3 })],
      ["ok", "too-few-rows"],
    );
    assert.equal(code(399, { minimumRows: 400 }), "too-few-rows");
  });

  it("says that no number of rows proves a floor of 1", () => {
    const perfect = { floors: { accuracy: 1 } };
    const finding = only(metricFloor, counted({}, { accuracy: 1 }), perfect);
    assert.deepEqual([finding.code, finding.value, finding.threshold], ["too-few-rows", 400, null]);
    assert.match(finding.reason, /no number of rows proves a/);
    const named = { ...perfect, minimumRows: 100 };
    assert.equal(only(metricFloor, counted({}, { accuracy: 1 }), named).passed, true);
  });

  it("refuses evidence without a count of distinct rows, but for what may come back", () => {
    const former = candidate({ evidence: { ...evidence, support: undefined } });
    const finding = only(metricFloor, former, floor);
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 has accuracy measured on data/staging/eval.csv without a count of the distinct rows; run `tollgate evaluate` again.",
    );
    const history = { ...former.history, releasedAt: "2026-01-10T12:00:00.000Z" };
    assert.equal(only(metricFloor, { ...former, history }, floor).passed, true);
  });

  it("passes no mean over classes that a worse version reaches by chance more often", () => {
    const one = fc.record({
      rows: fc.integer({ min: 1, max: 20 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const floorOf = fc.double({ min: 0.3, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(fc.array(one, { minLength: 3, maxLength: 8 }), floorOf, (each, limit) => {
        // True recalls, brought down to a mean of just the floor where they are above it.
        const mean = each.reduce((sum, { share }) => sum + share, 0) / each.length;
        const shares = each.map(({ share }) => share * Math.min(1, limit / mean));
        const perfect = each.reduce((chance, { rows }, k) => chance * shares[k]! ** rows, 1);
        const classes = each.map(({ rows }, k) => {
          return { value: `c${k}`, rows, distinctRows: rows, predicted: rows };
        });
        const judged = counted({ positive: null, classes }, { recall: 1 });
        const { passed } = only(metricFloor, judged, { floors: { recall: limit } });
        assert.ok(!passed || perfect <= 0.05 * (1 + 1e-6), `${perfect}`);
      }),
    );
  });

  it("gives the same verdict however often the rows stand there", () => {
    const count = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(count, count, count, fc.integer({ min: 1, max: 1000 }), (a, b, said, times) => {
        const verdict = (rows: number) => {
          const one = { value: "1", rows: b * rows, distinctRows: b, predicted: said };
          const other = { value: "0", rows: a * rows, distinctRows: a, predicted: 50 };
          const judged = counted({ distinctRows: a + b, classes: [other, one] });
          const data = { ...evidence.data, rows: (a + b) * rows, rowsUsed: (a + b) * rows };
          const settings = { floors: { accuracy: 0.9, recall: 0.8, precision: 0.8, f1: 0.8 } };
          const checked = { ...judged, evidence: { ...judged.evidence!, data } };
          return metricFloor
            .check(checked, metricFloor.settings.parse(settings))
            .map(({ code, value, threshold }) => [code, value, threshold]);
        };
        assert.deepEqual(verdict(times), verdict(1));
      }),
    );
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
      { floors: { accuracy: 0.9 }, significance: 0 },
      { floors: { accuracy: 0.9 }, minimumRows: 0 },
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
        const settings = { floors: { accuracy: limit }, minimumRows: 1 };
        const finding = only(metricFloor, accuracy(value), settings);
        assert.equal(finding.passed, value >= limit);
        assert.equal(finding.margin! >= 0, finding.passed);
      }),
    );
  });
});
