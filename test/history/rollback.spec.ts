import assert from "node:assert/strict";
import { parseReceiptLine, type Receipt, receiptLine } from "../../history/receipt";
import { lastGoodPin, pinBefore, samePin } from "../../history/rollback";
import { digestOf } from "../support/fixtures";
import { receiptFacts } from "../support/receipts";

const pin = (version: string) => ({ name: "churn-model", version, digest: digestOf(version) });

/** A chain in which these versions were released one after the other. */
function released(...versions: string[]): Receipt[] {
  const receipts: Receipt[] = [];
  for (const version of versions) {
    const last = receipts.at(-1) ?? null;
    const line = receiptLine(receiptFacts({ pin: pin(version) }), last);
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
  ];
  for (const [situation, versions, current, expected] of table) {
    it(`gives ${expected ? `version ${expected}` : "nothing"} when ${situation}`, () => {
      const found = lastGoodPin(released(...versions), current ? pin(current) : null);
      assert.deepEqual(found, expected ? pin(expected) : null);
    });
  }
});

describe("pinBefore", () => {
  it("gives what the latest release of a pin took over from", () => {
    const receipts = released("1", "2", "3", "2");
    assert.deepEqual(pinBefore(receipts, pin("3")), pin("2"));
    assert.deepEqual(pinBefore(receipts, pin("2")), pin("3"));
    assert.equal(pinBefore(receipts, pin("1")), null);
    assert.equal(pinBefore(receipts, pin("9")), null);
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
