import assert from "node:assert/strict";
import fc from "fast-check";
import { dataQuality } from "../../../policies/gates/data-quality";
import { digestOf, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const rules = { rules: "data/rules.yaml" };
const judge = (change: object | null, settings: object = rules) =>
  only(dataQuality, withEvidence("dataQuality", change), settings);

describe("dataQuality", () => {
  it("passes training data that meets the rules, and names what a few rows break", () => {
    assert.deepEqual(judge({}), {
      passed: true,
      subject: null,
      code: "ok",
      value: 0.99,
      threshold: 0.9,
      margin: 0.09,
      reason:
        "churn-model v2 was trained on data with a share of valid rows of 0.99 on 1600 rows of data/staging/train.csv by data/rules.yaml (broken: in_range(0, 100) of tenure by 16 rows), within the floor 0.9 (margin 0.09).",
    });
  });

  it("says nothing of broken rules when none is", () => {
    assert.equal(
      judge({ validShare: 1, failures: [] }).reason,
      "churn-model v2 was trained on data with a share of valid rows of 1 on 1600 rows of data/staging/train.csv by data/rules.yaml, within the floor 0.9 (margin 0.1).",
    );
  });

  it("says how many rows were checked where it was a sample", () => {
    const data = { ...evidence.dataQuality!.data, rows: 1_000_000, rowsUsed: 200_000 };
    assert.match(
      judge({ data }).reason,
      / on 200000 of 1000000 rows of data\/staging\/train\.csv by /,
    );
  });

  it("passes exactly at the floor and refuses just below it, with the worst rules first", () => {
    assert.equal(judge({ validShare: 0.9 }).margin, 0);
    const failures = [
      { column: "tenure", check: "in_range(0, 100)", rows: 1 },
      { column: null, check: "unique", rows: 150 },
      { column: "region", check: "not_null", rows: 7 },
      { column: "age", check: "not_null", rows: 7 },
    ];
    const finding = judge({ validShare: 0.89, failures });
    assert.deepEqual([finding.code, finding.margin], ["below-floor", -0.01]);
    assert.equal(
      finding.reason,
      "churn-model v2 was trained on data with a share of valid rows of 0.89 on 1600 rows of data/staging/train.csv by data/rules.yaml (broken: unique of the table by 150 rows, not_null of age by 7 rows, not_null of region by 7 rows, and 1 more), below the floor 0.9 (margin -0.01).",
    );
    assert.deepEqual(judge({ validShare: 0.89, failures: failures.reverse() }), finding);
  });

  it("refuses data other than the version was trained on", () => {
    const finding = only(
      dataQuality,
      withEvidence("lineage", { trainingDataDigest: digestOf("b") }),
      rules,
    );
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold],
      ["training-data-differs", digestOf("e"), digestOf("b")],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 records sha256:bbbbbbbbbbbb in its lineage, say unsigned tags, but data/staging/train.csv with sha256:eeeeeeeeeeee was checked; run `tollgate evaluate` again on the data it was trained on.",
    );
  });

  it("refuses when the version doesn't say what it was trained on", () => {
    const finding = only(dataQuality, withEvidence("lineage", { trainingDataDigest: null }), rules);
    assert.equal(finding.code, "training-data-differs");
    assert.match(
      finding.reason,
      / records nothing of its training data in its lineage, say unsigned tags, but /,
    );
  });

  it("refuses data that was not checked", () => {
    const finding = judge(null);
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 had its training data not checked against data/rules.yaml, which has the floor 0.9; run `tollgate evaluate` again with the training data at hand.",
    );
  });

  it("refuses data checked against another file", () => {
    const finding = judge({}, { rules: "data/strict.yaml" });
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold],
      ["measured-otherwise", "data/rules.yaml", "data/strict.yaml"],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 had its training data checked against data/rules.yaml, but the settings name data/strict.yaml; run `tollgate evaluate` again.",
    );
  });

  it("refuses shares that are no numbers, or in another unit", () => {
    assert.equal(judge({ validShare: NaN }).code, "not-finite");
    assert.equal(judge({ validShare: "0.99" }).code, "wrong-type");
    assert.equal(judge({ validShare: 99 }).code, "wrong-unit");
  });

  it("refuses without evidence", () => refusesWithoutEvidence(dataQuality, "training data", rules));

  it("refuses settings that can't be meant", () => {
    for (const settings of [{}, { rules: "" }, { ...rules, share: 90 }, { ...rules, floor: 0.9 }]) {
      assert.equal(dataQuality.settings.safeParse(settings).success, false);
    }
  });

  it("passes exactly when the share is at least the floor", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (validShare, floor) => {
        const finding = judge({ validShare }, { rules: evidence.dataQuality!.rules, share: floor });
        assert.equal(finding.passed, validShare >= floor);
      }),
    );
  });
});
