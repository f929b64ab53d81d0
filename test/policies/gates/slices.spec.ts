import assert from "node:assert/strict";
import fc from "fast-check";
import { slices } from "../../../policies/gates/slices";
import type { Evidence } from "../../../registry/evidence";
import { parseInWords } from "../../../strict/problems";
import { candidate, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Slice = Evidence["slices"][number];

const where = 'region == "west"';
const west = (change: object = {}) => ({ slices: { west: { where, floor: 0.85, ...change } } });
const withSlices = (...changed: Partial<Slice>[]) =>
  candidate({
    evidence: { ...evidence, slices: changed.map((each) => ({ ...evidence.slices[0]!, ...each })) },
  });

describe("slices", () => {
  it("passes a slice above its floor, and says how many rows it has", () => {
    assert.deepEqual(only(slices, candidate(), west()), {
      passed: true,
      subject: "west",
      code: "ok",
      value: 0.9,
      threshold: 0.85,
      margin: 0.05,
      reason:
        'churn-model v2 has accuracy 0.9 on the slice west (region == "west"), 120 rows of data/staging/eval.csv, within the floor 0.85 (margin 0.05).',
    });
  });

  it("passes exactly at the floor and refuses just below it", () => {
    assert.equal(only(slices, candidate(), west({ floor: 0.9 })).margin, 0);
    const finding = only(slices, withSlices({ metrics: { accuracy: 0.84 } }), west());
    assert.equal(finding.code, "below-floor");
    assert.equal(finding.margin, -0.01);
    assert.equal(
      finding.reason,
      'churn-model v2 has accuracy 0.84 on the slice west (region == "west"), 120 rows of data/staging/eval.csv, below the floor 0.85 (margin -0.01).',
    );
  });

  it("passes exactly the rows that are needed and refuses one less, however good it is on them", () => {
    assert.equal(only(slices, candidate(), west({ minimumRows: 120 })).passed, true);
    const { support } = evidence.slices[0]!;
    const perfect = withSlices({
      rows: 29,
      support: { ...support!, distinctRows: 29 },
      metrics: { accuracy: 1 },
    });
    const finding = only(slices, perfect, west());
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold, finding.margin],
      ["too-few-rows", 29, 30, -1],
    );
    assert.equal(
      finding.reason,
      'churn-model v2 has a slice west (region == "west") of 29 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -1).',
    );
  });

  const counted = (distinctRows: number, ofClass = 50) =>
    withSlices({
      support: {
        distinctRows,
        positive: "1",
        classes: [{ value: "1", rows: 50, distinctRows: ofClass, predicted: 48 }],
      },
      metrics: { accuracy: 1, recall: 1 },
    });

  it("counts a row that stands there often once", () => {
    const finding = only(slices, counted(29), west());
    assert.deepEqual([finding.code, finding.value, finding.threshold], ["too-few-rows", 29, 30]);
    assert.match(finding.reason, / of 29 distinct rows among 120 rows of /);
  });

  it("needs as many rows as a higher floor, or one of a class, takes to prove", () => {
    assert.equal(only(slices, counted(59), west({ floor: 0.95 })).passed, true);
    const finding = only(slices, counted(58), west({ floor: 0.95 }));
    assert.deepEqual([finding.code, finding.threshold], ["too-few-rows", 59]);
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged by its accuracy: the slice west of data/staging/eval.csv has 58 distinct rows, fewer than the 59 that are needed (margin -1): on fewer, an accuracy below 0.95 looks perfect by chance more often than 0.05.",
    );
    const recall = (ofClass: number, change: object = {}) =>
      only(slices, counted(120, ofClass), west({ metric: "recall", floor: 0.8, ...change })).code;
    assert.deepEqual([recall(14), recall(13)], ["ok", "too-few-rows"]);
    assert.deepEqual([recall(13, { minimumRows: 13 }), recall(13)], ["ok", "too-few-rows"]);
  });

  it("refuses a slice of which nobody counted the distinct rows, but for what may come back", () => {
    const former = withSlices({ support: undefined });
    assert.equal(only(slices, former, west()).code, "not-measured");
    const history = { ...former.history, releasedAt: "2026-01-10T12:00:00.000Z" };
    assert.equal(only(slices, { ...former, history }, west()).passed, true);
  });

  it("refuses a slice without rows", () => {
    const finding = only(slices, withSlices({ rows: 0, metrics: {} }), west());
    assert.equal(finding.code, "too-few-rows");
  });

  it("refuses a slice that was not measured", () => {
    const finding = only(slices, withSlices(), west());
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      'churn-model v2 was not measured on the slice west (region == "west") of data/staging/eval.csv, which has the floor 0.85; run `tollgate evaluate` again.',
    );
  });

  it("refuses a metric that was not measured on the slice, and names those that were", () => {
    const finding = only(slices, candidate(), west({ metric: "recall" }));
    assert.equal(finding.code, "not-measured");
    assert.equal(
      finding.reason,
      "churn-model v2 has no recall on the slice west of data/staging/eval.csv, which has the floor 0.85; recorded: accuracy.",
    );
  });

  it("refuses a slice measured with another condition", () => {
    const finding = only(slices, withSlices({ where: 'region != "west"' }), west());
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold],
      ["measured-otherwise", 'region != "west"', where],
    );
    assert.equal(
      finding.reason,
      'churn-model v2 was measured on a slice west of data/staging/eval.csv with region != "west", but the settings say region == "west"; run `tollgate evaluate` again.',
    );
  });

  it("refuses values that are no numbers, or in another unit", () => {
    const judged = (accuracy: unknown) => withSlices({ metrics: { accuracy: accuracy as number } });
    assert.equal(only(slices, judged(NaN), west()).code, "not-finite");
    assert.equal(only(slices, judged("0.9"), west()).code, "wrong-type");
    assert.equal(only(slices, judged(90), west()).code, "wrong-unit");
    const rows = "120" as unknown as number;
    assert.equal(only(slices, withSlices({ rows }), west()).code, "wrong-type");
  });

  it("refuses when it was switched on without a slice", () => {
    const finding = only(slices, candidate());
    assert.equal(finding.code, "no-slice");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged: tollgate:gates.slices names no slice.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(slices, "slices", west()));

  it("refuses settings that can't be meant", () => {
    for (const change of [
      { where: "" },
      { floor: undefined },
      { floor: 90 },
      { metric: "rmse" },
      { minimumRows: 0 },
      { minimumRows: 2.5 },
      { ceiling: 1 },
    ]) {
      assert.equal(slices.settings.safeParse(west(change)).success, false, JSON.stringify(change));
    }
    assert.equal(slices.settings.safeParse(west({ metric: "r2", floor: -1 })).success, true);
  });

  it("says in words which floors a metric can have", () => {
    assert.deepEqual(parseInWords(slices.settings, west({ floor: 90 })).problems, [
      {
        path: ["slices", "west", "floor"],
        text: "got 90, expected a number from 0 to 1, as accuracy is one",
      },
    ]);
  });

  it("judges a thousand slices by name, whatever order they came in", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `slice ${index}`);
    const settings = (keys: string[]) =>
      slices.settings.parse({
        slices: Object.fromEntries(keys.map((name) => [name, { where, floor: 0.85 }])),
      });
    const judged = withSlices(...names.map((name) => ({ name })));
    const findings = slices.check(judged, settings(names));
    assert.deepEqual(
      findings.map(({ subject }) => subject),
      [...names].sort(),
    );
    const reversed = withSlices(...[...names].reverse().map((name) => ({ name })));
    assert.deepEqual(slices.check(reversed, settings([...names].reverse())), findings);
  });

  it("passes exactly what has the rows and keeps the floor", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.nat(200), (accuracy, floor, rows) => {
        const finding = only(slices, withSlices({ rows, metrics: { accuracy } }), west({ floor }));
        // Even right answers alone prove a floor only where chance would seldom give as many.
        const enough = rows >= 30 && floor ** rows <= 0.05;
        assert.equal(finding.passed, enough && accuracy >= floor);
      }),
    );
  });
});
