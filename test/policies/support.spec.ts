import assert from "node:assert/strict";
import fc from "fast-check";
import { type CountedRows, rowsToProve, tooFewRows } from "../../policies/support";

const never = {
  history: {
    deployed: null,
    releasedAt: null,
    goneBackFromAt: null,
    lastReceiptAt: null,
    latestReceiptAt: null,
    packDigest: null,
  },
};
const released = { history: { ...never.history, releasedAt: "2026-01-10T12:00:00.000Z" } };

describe("rowsToProve", () => {
  it("is the least number of rows on which a perfect score is rarer than the significance", () => {
    const known: [floor: number, significance: number, rows: number][] = [
      [0.5, 0.05, 5],
      [0.8, 0.05, 14],
      [0.9, 0.05, 29],
      [0.95, 0.05, 59],
      [0.99, 0.05, 299],
      [0.9, 0.01, 44],
      // Exactly at the significance: half of one row, a quarter of two.
      [0.5, 0.5, 1],
      [0.5, 0.25, 2],
      [0.1, 0.001, 3],
    ];
    for (const [floor, significance, rows] of known) {
      assert.equal(rowsToProve(floor, significance), rows, `${floor} at ${significance}`);
    }
  });

  it("is one row for a floor of 0, and no number for a floor of 1", () => {
    assert.equal(rowsToProve(0, 0.05), 1);
    assert.equal(rowsToProve(1, 0.05), Infinity);
  });

  const share = fc.double({ min: 0.001, max: 0.9999, noNaN: true });
  const chance = fc.double({ min: 1e-6, max: 0.5, noNaN: true });

  it("is enough, and one row less isn't", () => {
    fc.assert(
      fc.property(share, chance, (floor, significance) => {
        const rows = rowsToProve(floor, significance);
        assert.ok(floor ** rows <= significance * (1 + 1e-6));
        assert.ok(rows === 1 || floor ** (rows - 1) > significance * (1 - 1e-6));
      }),
    );
  });

  it("never falls when the floor rises or the significance falls", () => {
    fc.assert(
      fc.property(share, share, chance, chance, (a, b, one, other) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const [strict, loose] = [Math.min(one, other), Math.max(one, other)];
        assert.ok(rowsToProve(low, loose) <= rowsToProve(high, loose));
        assert.ok(rowsToProve(low, loose) <= rowsToProve(low, strict));
      }),
    );
  });
});

describe("tooFewRows", () => {
  const judge = (rows: unknown, distinctRows: unknown = rows, given = never) => {
    const counted: CountedRows = {
      subject: "west",
      what: "v2 has a slice west of",
      rows,
      distinctRows,
      minimum: 30,
      path: "e.csv",
    };
    return tooFewRows(given, counted);
  };

  it("finds nothing wrong with exactly the rows that are needed", () => {
    assert.equal(judge(30), null);
    assert.equal(judge(3000, 30), null);
  });

  it("refuses one row less", () => {
    assert.deepEqual(judge(29), {
      passed: false,
      subject: "west",
      code: "too-few-rows",
      value: 29,
      threshold: 30,
      margin: -1,
      reason:
        "v2 has a slice west of 29 rows of e.csv, fewer than the 30 that are needed (margin -1).",
    });
  });

  it("counts a row that stands there a thousand times once", () => {
    assert.equal(
      judge(1000, 1)?.reason,
      "v2 has a slice west of 1 distinct row among 1000 rows of e.csv, fewer than the 30 that are needed (margin -29).",
    );
  });

  it("believes in no more distinct rows than there are rows", () => {
    assert.deepEqual([judge(3, 400)?.code, judge(3, 400)?.value], ["too-few-rows", 3]);
  });

  it("refuses rows of which nobody counted the distinct ones, but for what was released before", () => {
    const uncounted = (given: typeof never | typeof released, rows = 400) =>
      tooFewRows(given, {
        subject: "west",
        what: "v2 has a slice west of",
        rows,
        distinctRows: undefined,
        minimum: 30,
        path: "e.csv",
      });
    assert.equal(
      uncounted(never)?.reason,
      "v2 has a slice west of 400 rows of e.csv, of which nobody counted the distinct ones; run `tollgate evaluate` again.",
    );
    assert.equal(uncounted(released), null);
    assert.equal(uncounted(released, 29)?.code, "too-few-rows");
  });

  it("refuses a number of rows that is none", () => {
    for (const rows of [
      [NaN, 30],
      [400, NaN],
    ]) {
      assert.equal(judge(...(rows as [number, number]))?.code, "not-finite");
    }
    assert.equal(judge("400")?.code, "wrong-type");
    assert.equal(judge(400, "400")?.code, "wrong-type");
    assert.equal(judge(-1)?.code, "wrong-unit");
  });
});
