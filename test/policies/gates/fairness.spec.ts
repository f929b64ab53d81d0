import assert from "node:assert/strict";
import fc from "fast-check";
import { fairness } from "../../../policies/gates/fairness";
import type { Evidence } from "../../../registry/evidence";
import { candidate, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Measured = Evidence["fairness"][number];
type Group = Measured["groups"][number];

const byGender = { columns: ["gender"] };
const withFairness = (...changed: Partial<Measured>[]) =>
  candidate({
    evidence: {
      ...evidence,
      fairness: changed.map((each) => ({ ...evidence.fairness[0]!, ...each })),
    },
  });
const judge = (change: Partial<Measured>, settings: object = byGender) =>
  fairness.check(withFairness(change), fairness.settings.parse(settings));
const codes = (change: Partial<Measured>, settings?: object) =>
  judge(change, settings).map(({ code }) => code);

describe("fairness", () => {
  it("passes groups that are treated alike, with one finding for each measure", () => {
    assert.deepEqual(judge({}), [
      {
        passed: true,
        subject: "gender demographicParityDifference",
        code: "ok",
        value: 0.04,
        threshold: 0.1,
        margin: 0.06,
        reason:
          "churn-model v2 has a demographic parity difference by gender of 0.04 between 2 groups on 400 rows of data/staging/eval.csv, within the limit 0.1 (margin 0.06).",
      },
      {
        passed: true,
        subject: "gender equalizedOddsDifference",
        code: "ok",
        value: 0.05,
        threshold: 0.1,
        margin: 0.05,
        reason:
          "churn-model v2 has an equalized odds difference by gender of 0.05 between 2 groups on 400 rows of data/staging/eval.csv, within the limit 0.1 (margin 0.05).",
      },
      {
        passed: true,
        subject: "gender disparateImpact",
        code: "ok",
        value: 0.9,
        threshold: 0.8,
        margin: 0.1,
        reason:
          "churn-model v2 has a disparate impact by gender of 0.9 between 2 groups on 400 rows of data/staging/eval.csv, within the floor 0.8 (margin 0.1).",
      },
    ]);
  });

  it("passes exactly at the limits and refuses just outside", () => {
    const limits = {
      demographicParityDifference: 0.1,
      equalizedOddsDifference: 0.1,
      disparateImpact: 0.8,
    };
    assert.deepEqual(
      judge(limits).map(({ margin }) => margin),
      [0, 0, 0],
    );
    const outside = {
      demographicParityDifference: 0.11,
      equalizedOddsDifference: 0.11,
      disparateImpact: 0.79,
    };
    assert.deepEqual(codes(outside), ["above-limit", "above-limit", "below-floor"]);
    assert.deepEqual(
      judge(outside).map(({ margin }) => margin),
      [-0.01, -0.01, -0.01],
    );
  });

  it("refuses a group too small to tell, instead of judging its numbers", () => {
    const groups = [
      { value: "m", rows: 371, distinctRows: 371, selectionRate: 0.4 },
      { value: "f", rows: 29, distinctRows: 29, selectionRate: 0.4 },
    ];
    const [finding, ...others] = judge({ groups });
    assert.deepEqual(others, []);
    assert.deepEqual(
      [finding!.code, finding!.subject, finding!.value, finding!.threshold, finding!.margin],
      ["too-few-rows", "gender", 29, 30, -1],
    );
    assert.equal(
      finding!.reason,
      "churn-model v2 can't be judged by gender: its group f has 29 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -1).",
    );
    assert.equal(codes({ groups }, { ...byGender, minimumRows: 29 })[0], "ok");
  });

  it("counts a row of a group that stands there often once, and wants it counted", () => {
    const [large, small] = evidence.fairness[0]!.groups;
    const groups = (distinctRows?: number) => [large!, { ...small!, distinctRows }] as Group[];
    const [finding] = judge({ groups: groups(3) });
    assert.deepEqual([finding!.code, finding!.value], ["too-few-rows", 3]);
    assert.equal(judge({ groups: groups() })[0]!.code, "not-measured");
  });

  it("refuses a column with one group: nothing was compared", () => {
    const groups = [{ value: "f", rows: 400, distinctRows: 400, selectionRate: 0.4 }];
    const [finding] = judge({ groups });
    assert.equal(finding!.code, "one-group");
    assert.equal(
      finding!.reason,
      "churn-model v2 can't be judged by gender: data/staging/eval.csv has one group of it only (f), and two are needed.",
    );
  });

  it("refuses a column that was not measured", () => {
    const finding = only(fairness, candidate(), { columns: ["age"] });
    assert.deepEqual([finding.code, finding.subject], ["not-measured", "age"]);
    assert.equal(
      finding.reason,
      "churn-model v2 has no measured fairness by age on data/staging/eval.csv; run `tollgate evaluate` again.",
    );
  });

  it("refuses values that are no numbers, or in another unit", () => {
    const text = "0.01" as unknown as number;
    assert.equal(codes({ demographicParityDifference: NaN })[0], "not-finite");
    assert.equal(codes({ equalizedOddsDifference: text })[1], "wrong-type");
    assert.equal(codes({ disparateImpact: 90 })[2], "wrong-unit");
    const groups = [{ value: "f", rows: NaN, selectionRate: 0.4 }];
    assert.deepEqual(codes({ groups }), ["not-finite"]);
  });

  it("judges columns by name and each once, whatever order they came in", () => {
    const judged = withFairness({ column: "gender" }, { column: "age" });
    const subjects = (columns: string[]) =>
      fairness
        .check(judged, fairness.settings.parse({ columns }))
        .map(({ subject }) => subject!.split(" ")[0]);
    const expected = ["age", "age", "age", "gender", "gender", "gender"];
    assert.deepEqual(subjects(["gender", "age"]), expected);
    assert.deepEqual(subjects(["age", "gender", "age"]), expected);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(fairness, "fairness", byGender));

  it("refuses settings that can't be meant", () => {
    for (const change of [
      { columns: undefined },
      { columns: [] },
      { columns: [""] },
      { demographicParityDifference: 10 },
      { disparateImpact: 80 },
      { minimumRows: 0 },
      { groups: ["f"] },
    ]) {
      assert.equal(fairness.settings.safeParse({ ...byGender, ...change }).success, false);
    }
  });

  it("passes each measure exactly when it keeps its own limit", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, (parity, odds, impact) => {
        const findings = judge({
          demographicParityDifference: parity,
          equalizedOddsDifference: odds,
          disparateImpact: impact,
        });
        const passes = findings.map(({ passed }) => passed);
        assert.deepEqual(passes, [parity <= 0.1, odds <= 0.1, impact >= 0.8]);
      }),
    );
  });
});
