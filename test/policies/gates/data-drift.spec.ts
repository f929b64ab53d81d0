import assert from "node:assert/strict";
import fc from "fast-check";
import { dataDrift } from "../../../policies/gates/data-drift";
import type { Evidence } from "../../../registry/evidence";
import { candidate, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Measured = Evidence["dataDrift"][number];
type Column = Measured["columns"][number];

const reference = { reference: "data/staging/reference.csv" };
const live = { live: "data/staging/live.csv" };

const byEvaluation = evidence.dataDrift[0]!;
const tenure = byEvaluation.columns[0]!;
const byTraining: Measured = {
  ...byEvaluation,
  comparison: "training-reference",
  data: { ...evidence.dataQuality!.data, distinctRows: 1600 },
};
const byLive: Measured = {
  ...byEvaluation,
  comparison: "live-training",
  data: { ...byEvaluation.data, path: "data/staging/live.csv" },
  reference: { ...evidence.dataQuality!.data, distinctRows: 1600 },
};

function judge(dataDriftMeasured: Measured[], settings: object) {
  const judged = candidate({ evidence: { ...evidence, dataDrift: dataDriftMeasured } });
  return dataDrift.check(judged, dataDrift.settings.parse(settings));
}

/** The live comparison alone, of some columns. */
const judgeColumns = (columns: Partial<Column>[], settings: object = live) =>
  judge([{ ...byLive, columns: columns.map((each) => ({ ...tenure, ...each })) }], settings);

const drifted = { psi: 0.31, adjustedPValue: 0.001 };

describe("dataDrift", () => {
  it("passes data like the reference, and names the column that differs most", () => {
    assert.deepEqual(judge([byEvaluation, byTraining], reference), [
      {
        passed: true,
        subject: "training-reference",
        code: "ok",
        value: 0.02,
        threshold: 0.2,
        margin: 0.18,
        reason:
          "churn-model v2 has no drift in 1 column of the training data (1600 rows of data/staging/train.csv) from the reference (1000 rows of data/staging/reference.csv); tenure differs most: PSI 0.02 is within the limit 0.2 (margin 0.18).",
      },
      {
        passed: true,
        subject: "evaluation-reference",
        code: "ok",
        value: 0.02,
        threshold: 0.2,
        margin: 0.18,
        reason:
          "churn-model v2 has no drift in 1 column of the evaluation data (400 rows of data/staging/eval.csv) from the reference (1000 rows of data/staging/reference.csv); tenure differs most: PSI 0.02 is within the limit 0.2 (margin 0.18).",
      },
    ]);
  });

  it("passes exactly at the limits and refuses just outside", () => {
    const codes = (psi: number, adjustedPValue: number) =>
      judgeColumns([{ psi, adjustedPValue }]).map(({ code }) => code);
    assert.deepEqual(codes(0.2, 0), ["ok"]);
    assert.deepEqual(codes(0.21, 0.05), ["ok"]);
    assert.deepEqual(codes(0.21, 0.049), ["drifted"]);
  });

  it("judges by the p-value that was corrected for the number of columns", () => {
    const [finding] = judgeColumns([{ psi: 0.3, pValue: 0.01, adjustedPValue: 0.2 }]);
    assert.deepEqual(
      [finding!.passed, finding!.value, finding!.threshold, finding!.margin],
      [true, 0.2, 0.05, 0.15],
    );
  });

  it("refuses each column that drifted, by name", () => {
    const findings = judgeColumns([
      { column: "tenure", ...drifted },
      { column: "region", kind: "categorical", test: "chi-square", ...drifted },
      { column: "age" },
    ]);
    assert.deepEqual(
      findings.map(({ subject, code, value, threshold, margin }) => [
        subject,
        code,
        value,
        threshold,
        margin,
      ]),
      [
        ["live-training region", "drifted", 0.31, 0.2, -0.11],
        ["live-training tenure", "drifted", 0.31, 0.2, -0.11],
      ],
    );
    assert.equal(
      findings[0]!.reason,
      "churn-model v2 was measured on data that drifted: region of the live inputs (400 rows of data/staging/live.csv) differs from the training data (1600 rows of data/staging/train.csv) by chi-square: PSI 0.31 is above the limit 0.2 (margin -0.11), and chance does not explain it (p-value 0.001, below 0.05).",
    );
  });

  it("gives the same findings whatever order the columns came in", () => {
    const columns = [
      { column: "b", psi: 0.1 },
      { column: "a", psi: 0.1 },
      { column: "c", psi: 0.05 },
    ];
    const findings = judgeColumns(columns);
    assert.match(findings[0]!.reason, /; a differs most: /);
    assert.deepEqual(judgeColumns([...columns].reverse()), findings);
  });

  it("refuses a comparison that was not measured, each by itself", () => {
    const findings = judge([byEvaluation], { ...reference, ...live });
    assert.deepEqual(
      findings.map(({ subject, code }) => [subject, code]),
      [
        ["training-reference", "not-measured"],
        ["evaluation-reference", "ok"],
        ["live-training", "not-measured"],
      ],
    );
    assert.equal(
      findings[0]!.reason,
      "churn-model v2 has no measured drift of the training data from the reference; run `tollgate evaluate` again with both at hand.",
    );
    assert.equal(judge([{ ...byLive, columns: [] }], live)[0]!.code, "not-measured");
  });

  it("refuses a drift measured with another reference or other live data", () => {
    const [, byReference] = judge([byTraining, byEvaluation], { reference: "data/other.csv" });
    assert.deepEqual(
      [byReference!.code, byReference!.value, byReference!.threshold],
      ["measured-otherwise", "data/staging/reference.csv", "data/other.csv"],
    );
    assert.equal(
      byReference!.reason,
      "churn-model v2 had its drift measured with data/staging/reference.csv, but the settings name data/other.csv; run `tollgate evaluate` again.",
    );
    assert.equal(judge([byLive], { live: "data/other.csv" })[0]!.code, "measured-otherwise");
  });

  it("takes what the scorers kept, and no file instead", () => {
    const captured = { ...byLive, data: { ...byLive.data, path: "captured" } };
    assert.equal(judge([captured], { live: "captured" })[0]!.passed, true);
    assert.equal(judge([byLive], { live: "captured" })[0]!.code, "measured-otherwise");
  });

  it("refuses too few rows on either side, and passes exactly the minimum", () => {
    const judgeRows = (dataRows: unknown, referenceRows: unknown, settings: object = live) =>
      judge(
        [
          {
            ...byLive,
            data: { ...byLive.data, rows: dataRows as number },
            reference: { ...byLive.reference, rows: referenceRows as number },
          },
        ],
        settings,
      );
    const codes = (...given: Parameters<typeof judgeRows>) =>
      judgeRows(...given).map(({ code }) => code);
    assert.deepEqual(codes(30, 30), ["ok"]);
    assert.deepEqual(codes(29, 30), ["too-few-rows"]);
    assert.deepEqual(codes(30, 29), ["too-few-rows"]);
    assert.deepEqual(codes(0, 29), ["too-few-rows", "too-few-rows"]);
    assert.deepEqual(codes(200, 200, { ...live, minimumRows: 201 }).length, 2);
    assert.deepEqual(codes("400", NaN), ["wrong-type", "not-finite"]);
    assert.deepEqual(judgeRows(12, 1600), [
      {
        passed: false,
        subject: "live-training",
        code: "too-few-rows",
        value: 12,
        threshold: 30,
        margin: -18,
        reason:
          "churn-model v2 has its drift measured with the live inputs, 12 rows of data/staging/live.csv, fewer than the 30 that are needed (margin -18).",
      },
    ]);
    assert.match(judgeRows(400, 5)[0]!.reason, / with the training data, 5 rows of /);
  });

  it("counts the rows that were measured where they are a sample", () => {
    const sampled = (rowsUsed: number) =>
      judge([{ ...byLive, data: { ...byLive.data, rows: 5000, rowsUsed } }], live)[0]!;
    assert.match(sampled(30).reason, / the live inputs \(30 of 5000 rows of data\/staging\/live/);
    assert.deepEqual([sampled(29).code, sampled(29).value], ["too-few-rows", 29]);
  });

  it("counts a row that stands there a thousand times once", () => {
    const data = { ...byLive.data, rows: 1000, distinctRows: 1 };
    const [finding] = judge([{ ...byLive, data }], live);
    assert.deepEqual([finding!.code, finding!.value, finding!.threshold], ["too-few-rows", 1, 30]);
  });

  it("does not pass a large shift that so few rows can't tell from chance", () => {
    const few = { ...byLive, data: { ...byLive.data, rows: 8 } };
    const column = { ...tenure, psi: 3, adjustedPValue: 0.2 };
    const [finding] = judge([{ ...few, columns: [column] }], live);
    assert.deepEqual([finding!.passed, finding!.code], [false, "too-few-rows"]);
  });

  it("refuses numbers that are none, or in another unit, beside columns that are fine", () => {
    const findings = judgeColumns([
      { column: "a", psi: NaN },
      { column: "b" },
      { column: "c", adjustedPValue: "0.5" as unknown as number },
      { column: "d", psi: -1 },
    ]);
    assert.deepEqual(
      findings.map(({ subject, code }) => [subject, code]),
      [
        ["live-training a", "not-finite"],
        ["live-training c", "wrong-type"],
        ["live-training d", "wrong-unit"],
      ],
    );
    assert.match(
      findings[0]!.reason,
      /: PSI is NaN, which is not a finite number, against the limit 0\.2\.$/,
    );
  });

  it("refuses when it was switched on without anything to compare", () => {
    const finding = only(dataDrift, candidate());
    assert.equal(finding.code, "no-comparison");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged: tollgate:gates.data-drift names neither a reference nor live data.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(dataDrift, "data drift", reference));

  it("refuses settings that can't be meant", () => {
    for (const settings of [
      { reference: "" },
      { live: true },
      { ...reference, psi: -0.1 },
      { ...reference, significance: 5 },
      { baseline: "data.csv" },
    ]) {
      assert.equal(dataDrift.settings.safeParse(settings).success, false);
    }
  });

  it("passes exactly when no column is outside both limits", () => {
    const column = fc.record({
      psi: fc.double({ min: 0, max: 1, noNaN: true }),
      adjustedPValue: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 8 }), (columns) => {
        const findings = judgeColumns(
          columns.map((each, index) => ({ column: `c${index}`, ...each })),
        );
        const bad = columns.filter(({ psi, adjustedPValue }) => psi > 0.2 && adjustedPValue < 0.05);
        assert.equal(findings.filter(({ passed }) => !passed).length, bad.length);
        assert.equal(
          findings.some(({ passed }) => passed),
          bad.length === 0,
        );
        assert.ok(findings.every(({ margin, passed }) => margin! >= 0 === passed));
      }),
    );
  });
});
