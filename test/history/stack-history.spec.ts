import assert from "node:assert/strict";
import type { Receipt } from "../../history/receipt";
import { stackHistory } from "../../history/stack-history";
import type { PinnedVersion } from "../../policies/gate";
import { digestOf } from "../support/fixtures";

const pin = (version: string): PinnedVersion => ({
  name: "churn-model",
  version,
  digest: digestOf(version),
});
const day = (n: number) => `2026-01-${String(n).padStart(2, "0")}T12:00:00.000Z`;

/** What the history reads of receipts: version and day of each. */
const receipts = (...given: [string, number][]): Receipt[] =>
  given.map(([version, n]) => ({ pin: pin(version), at: day(n), packDigest: digestOf("7") }) as Receipt); // prettier-ignore

describe("stackHistory", () => {
  it("knows nothing without receipts and checkpoint", () => {
    assert.deepEqual(stackHistory([], pin("1")), {
      deployed: null,
      releasedAt: null,
      goneBackFromAt: null,
      latestReceiptAt: null,
      packDigest: null,
    });
  });

  describe("what is deployed", () => {
    const checkpoint = { pin: pin("9"), deployed: pin("8") };
    const chain = receipts(["1", 1], ["2", 2]);

    it("is the last receipt's pin, whatever the checkpoint says or lacks", () => {
      for (const given of [undefined, null, checkpoint]) {
        assert.deepEqual(stackHistory(chain, pin("3"), given).deployed, pin("2"));
      }
    });

    it("is what the checkpoint says where there is no receipt", () => {
      assert.deepEqual(stackHistory([], pin("3"), checkpoint).deployed, pin("9"));
      assert.deepEqual(stackHistory([], pin("9"), checkpoint).deployed, pin("8"));
    });
  });

  describe("the latest receipt", () => {
    it("is the one with the latest time, wherever in the chain it stands", () => {
      const latest = (...days: number[]) =>
        stackHistory(receipts(...days.map((n): [string, number] => ["1", n])), pin("2"))
          .latestReceiptAt;
      assert.equal(latest(1, 2, 3), day(3));
      assert.equal(latest(1, 20, 3), day(20));
      assert.equal(latest(20, 3, 4), day(20));
    });

    it("is told by instants, not by how they are written", () => {
      const written = (at: string) => ({ pin: pin("1"), at }) as Receipt;
      const chain = [written("2026-01-01T00:00:00.500Z"), written("2026-01-01T00:00:00Z")];
      assert.equal(stackHistory(chain, pin("2")).latestReceiptAt, "2026-01-01T00:00:00.500Z");
    });
  });

  const table: [string, [string, number][], string | null, string | null][] = [
    ["was never released", [["1", 1]], null, null],
    ["is served", [["1", 1], ["2", 2]], day(2), null], // prettier-ignore
    ["was followed by another", [["2", 1], ["3", 2]], day(1), null], // prettier-ignore
    ["was gone back to", [["2", 1], ["3", 2], ["2", 3]], day(1), null], // prettier-ignore
    ["was gone back from", [["1", 1], ["2", 2], ["1", 3]], null, day(3)], // prettier-ignore
    ["was gone back from, and another came", [["1", 1], ["2", 2], ["1", 3], ["3", 4]], null, day(3)], // prettier-ignore
    ["was gone back from and came again", [["1", 1], ["2", 2], ["1", 3], ["2", 4]], day(4), null], // prettier-ignore
  ];
  for (const [situation, chain, releasedAt, goneBackFromAt] of table) {
    it(`judges a version that ${situation} as of ${releasedAt ?? "now"}`, () => {
      const history = stackHistory(receipts(...chain), pin("2"));
      assert.equal(history.releasedAt, releasedAt);
      assert.equal(history.goneBackFromAt, goneBackFromAt);
    });
  }

  it("takes the same version with other bytes for another one", () => {
    const swapped = { ...pin("2"), digest: digestOf("f") };
    assert.equal(stackHistory(receipts(["2", 1]), swapped).releasedAt, null);
  });
});
