import assert from "node:assert/strict";
import fc from "fast-check";
import type { Finding } from "../../../policies/gate";
import { calibration } from "../../../policies/gates/calibration";
import { candidate, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

function judge(change: object, settings: object = {}): readonly Finding[] {
  return calibration.check(
    withEvidence("calibration", change),
    calibration.settings.parse(settings),
  );
}

const codes = (change: object, settings?: object) =>
  judge(change, settings).map(({ code }) => code);

describe("calibration", () => {
  it("passes probabilities that can be taken at their word", () => {
    assert.deepEqual(judge({}), [
      {
        passed: true,
        subject: "expectedCalibrationError",
        code: "ok",
        value: 0.03,
        threshold: 0.1,
        margin: 0.07,
        reason:
          "churn-model v2 has an expected calibration error of 0.03 on 400 rows of data/staging/eval.csv, within the limit 0.1 (margin 0.07).",
      },
      {
        passed: true,
        subject: "brier",
        code: "ok",
        value: 0.08,
        threshold: 0.25,
        margin: 0.17,
        reason:
          "churn-model v2 has a Brier score of 0.08 on 400 rows of data/staging/eval.csv, within the limit 0.25 (margin 0.17).",
      },
    ]);
  });

  it("passes exactly at the limits and refuses just outside", () => {
    assert.deepEqual(codes({ expectedCalibrationError: 0.1, brier: 0.25 }), ["ok", "ok"]);
    const outside = judge({ expectedCalibrationError: 0.101, brier: 0.251 });
    assert.deepEqual(
      outside.map(({ code, margin }) => [code, margin]),
      [
        ["above-limit", -0.001],
        ["above-limit", -0.001],
      ],
    );
    assert.equal(
      outside[0]!.reason,
      "churn-model v2 has an expected calibration error of 0.101 on 400 rows of data/staging/eval.csv, above the limit 0.1 (margin -0.001).",
    );
  });

  it("refuses so few distinct rows that one can be right by chance", () => {
    const perfect = { expectedCalibrationError: 0, brier: 0, rows: 1000 };
    assert.deepEqual(codes({ ...perfect, distinctRows: 30 }), ["ok", "ok"]);
    const [finding, ...others] = judge({ ...perfect, distinctRows: 1 });
    assert.deepEqual(others, []);
    assert.equal(
      finding!.reason,
      "churn-model v2 has its calibration measured on 1 distinct row among 1000 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -29).",
    );
    assert.deepEqual(codes({ ...perfect, distinctRows: 3 }, { minimumRows: 3 }), ["ok", "ok"]);
    assert.deepEqual(codes({ distinctRows: undefined }), ["not-measured"]);
  });

  it("refuses a model without probabilities", () => {
    const finding = only(calibration, withEvidence("calibration", null));
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 has no measured calibration on 400 rows of data/staging/eval.csv, as its model gave no probabilities or the gate was off.",
    );
  });

  it("refuses a calibration measured over other bins", () => {
    const finding = only(calibration, candidate(), { bins: 15 });
    assert.deepEqual(
      [finding.code, finding.subject, finding.value, finding.threshold],
      ["measured-otherwise", "bins", 10, 15],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 had its calibration measured over 10 bins, but the settings say 15; run `tollgate evaluate` again.",
    );
  });

  it("refuses values that are no numbers, or in another unit", () => {
    assert.deepEqual(codes({ expectedCalibrationError: NaN, brier: "0.1" }), [
      "not-finite",
      "wrong-type",
    ]);
    assert.deepEqual(codes({ expectedCalibrationError: 3, brier: 2.5 }), [
      "wrong-unit",
      "wrong-unit",
    ]);
  });

  it("takes a Brier score above 1, which three classes can have", () => {
    assert.deepEqual(codes({ brier: 1.2 }, { brier: 1.5 }), ["ok", "ok"]);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(calibration, "calibration"));

  it("refuses settings that can't be meant", () => {
    for (const settings of [
      { expectedCalibrationError: 10 },
      { brier: -0.1 },
      { brier: 2.1 },
      { bins: 1 },
      { bins: 9.5 },
      { ece: 0.1 },
    ]) {
      assert.equal(calibration.settings.safeParse(settings).success, false);
    }
  });

  it("passes each exactly when it keeps its own limit", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (error, brier) => {
        const findings = judge({ expectedCalibrationError: error, brier });
        const passes = findings.map(({ passed }) => passed);
        assert.deepEqual(passes, [error <= 0.1, brier <= 0.25]);
      }),
    );
  });
});
