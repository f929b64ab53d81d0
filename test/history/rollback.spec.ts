import assert from "node:assert/strict";
import fc from "fast-check";
import { parseReceiptLine, type Receipt, receiptLine } from "../../history/receipt";
import { courseOf, lastGoodPin, samePin } from "../../history/rollback";
import { digestOf } from "../support/fixtures";
import { receiptFacts } from "../support/receipts";

const pin = (version: string) => ({ name: "churn-model", version, digest: digestOf(version) });

/** When the nth release was, from 1. */
const timeOf = (n: number) => `2026-01-${String(n).padStart(2, "0")}T12:00:00.000Z`;

/** A chain in which these versions were released one after the other. */
function released(...versions: string[]): Receipt[] {
  const receipts: Receipt[] = [];
  for (const [index, version] of versions.entries()) {
    const last = receipts.at(-1) ?? null;
    const line = receiptLine(receiptFacts({ pin: pin(version), at: timeOf(index + 1) }), last);
    receipts.push(parseReceiptLine(Buffer.from(line), last));
  }
  return receipts;
}

describe("lastGoodPin", () => {
  const table: [string, string[], string | null, string | null][] = [
    ["nothing was ever released", [], "1", null],
    ["only the current version was released", ["1"], "1", null],
    ["two were released", ["1", "2"], "2", "1"],
    ["the current one is pinned but was never released", ["1", "2"], "3", "2"],
    ["nothing is pinned", ["1", "2"], null, "2"],
    ["one was gone back from", ["1", "2", "3", "2"], "2", "1"],
    ["one was gone back from and released again", ["1", "2", "3", "2", "3"], "3", "2"],
    ["a waiver of the current version was recorded", ["1", "2", "2"], "2", "1"],
    ["everything was gone back from", ["1", "2", "1"], "1", null],
    ["the pin already points further back", ["1", "2", "3"], "2", "1"],
    ["what was gone back from is pinned again, and not released", ["1", "2", "3", "2"], "3", "2"],
    ["two were gone back from at once", ["1", "2", "3", "1"], "1", null],
    ["a new one came after a way back", ["1", "2", "1", "3"], "3", "1"],
  ];
  for (const [situation, versions, current, expected] of table) {
    it(`gives ${expected ? `version ${expected}` : "nothing"} when ${situation}`, () => {
      const found = lastGoodPin(released(...versions), current ? pin(current) : null);
      assert.deepEqual(found, expected ? pin(expected) : null);
    });
  }
});

describe("courseOf", () => {
  const table: [string, string[], string[], string[]][] = [
    ["nothing was released", [], [], []],
    ["all went forward", ["1", "2"], ["1 of 1", "2 of 2"], []],
    ["a waiver of the served one was recorded", ["1", "2", "2"], ["1 of 1", "2 of 2"], []],
    ["one was gone back from", ["1", "2", "1"], ["1 of 1"], ["2 at 3"]],
    ["two were gone back from", ["1", "2", "3", "1"], ["1 of 1"], ["2 at 4", "3 at 4"]],
    ["one came again afterwards", ["1", "2", "1", "2"], ["1 of 1", "2 of 4"], []],
    ["it was gone back from again", ["1", "2", "1", "2", "1"], ["1 of 1"], ["2 at 5"]],
    ["another came instead", ["1", "2", "1", "3"], ["1 of 1", "3 of 4"], ["2 at 3"]],
  ];
  for (const [situation, versions, standing, goneBackFrom] of table) {
    it(`tells what stands and what doesn't when ${situation}`, () => {
      const nth = (time: string) => Number(time.slice(8, 10));
      const course = courseOf(released(...versions));
      assert.deepEqual(
        course.standing.map((each) => `${each.pin.version} of ${nth(each.releasedAt)}`),
        standing,
      );
      assert.deepEqual(
        course.goneBackFrom.map((each) => `${each.pin.version} at ${nth(each.at)}`),
        goneBackFrom,
      );
    });
  }

  it("never gives a version that was gone back from as the last good one", () => {
    const versions = fc.array(fc.constantFrom("1", "2", "3", "4"), { maxLength: 10 });
    fc.assert(
      fc.property(versions, fc.constantFrom("1", "2", "3", "4"), (given, current) => {
        const receipts = released(...given);
        const found = lastGoodPin(receipts, pin(current));
        const gone = courseOf(receipts).goneBackFrom;
        assert.ok(found === null || !gone.some((each) => samePin(each.pin, found)));
      }),
    );
  });
});

describe("samePin", () => {
  it("compares name, version and digest", () => {
    assert.ok(samePin(pin("1"), { ...pin("1") }));
    assert.ok(!samePin(pin("1"), { ...pin("1"), digest: digestOf("f") }));
    assert.ok(!samePin(pin("1"), { ...pin("1"), name: "other" }));
    assert.ok(!samePin(pin("1"), null));
    assert.ok(samePin(null, null));
  });
});
