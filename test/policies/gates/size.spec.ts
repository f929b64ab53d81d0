import assert from "node:assert/strict";
import fc from "fast-check";
import { size } from "../../../policies/gates/size";
import { candidate, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const bytes = (sizeBytes: unknown) => withEvidence("model", { sizeBytes: sizeBytes as number });
const memory = (value: unknown) =>
  candidate({ evidence: { ...candidate().evidence!, memoryBytes: value as number } });

describe("size", () => {
  it("passes files and memory within their limits, files first", () => {
    const settings = size.settings.parse({ memoryBytes: 500_000_000, modelBytes: 10_000 });
    assert.deepEqual(size.check(candidate(), settings), [
      {
        passed: true,
        subject: "model",
        code: "ok",
        value: 4096,
        threshold: 10_000,
        margin: 5904,
        reason:
          "churn-model v2 has files of 4096 bytes altogether, within the limit 10000 bytes (margin 5904 bytes).",
      },
      {
        passed: true,
        subject: "memory",
        code: "ok",
        value: 200_000_000,
        threshold: 500_000_000,
        margin: 300_000_000,
        reason:
          "churn-model v2 has a scorer of 200000000 bytes in memory after its latency requests, within the limit 500000000 bytes (margin 300000000 bytes).",
      },
    ]);
  });

  it("passes exactly the limit and refuses one byte more", () => {
    assert.equal(only(size, bytes(4096), { modelBytes: 4096 }).margin, 0);
    const finding = only(size, bytes(4097), { modelBytes: 4096 });
    assert.deepEqual([finding.code, finding.margin], ["above-limit", -1]);
    assert.equal(
      finding.reason,
      "churn-model v2 has files of 4097 bytes altogether, above the limit 4096 bytes (margin -1 bytes).",
    );
    assert.equal(only(size, memory(101), { memoryBytes: 100 }).code, "above-limit");
  });

  it("refuses memory that was not measured", () => {
    const finding = only(size, memory(null), { memoryBytes: 100 });
    assert.deepEqual([finding.code, finding.subject], ["not-measured", "memory"]);
    assert.equal(
      finding.reason,
      "churn-model v2 has no measured memory of its scorer, which has the limit 100 bytes; evaluate it on a host that tells it.",
    );
  });

  it("passes a version without measured memory where none is judged", () => {
    const judged = memory(null);
    assert.equal(only(size, judged, { modelBytes: 4096 }).passed, true);
  });

  it("refuses values that are no numbers, or in another unit", () => {
    assert.equal(only(size, bytes(NaN), { modelBytes: 1 }).code, "not-finite");
    assert.equal(only(size, bytes("4 KB"), { modelBytes: 1 }).code, "wrong-type");
    assert.equal(only(size, memory(-1), { memoryBytes: 1 }).code, "wrong-unit");
  });

  it("refuses when it was switched on without any limit", () => {
    const finding = only(size, candidate());
    assert.equal(finding.code, "no-limit");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged: tollgate:gates.size names neither modelBytes nor memoryBytes.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(size, "size", { modelBytes: 1 }));

  it("refuses settings that can't be meant", () => {
    for (const settings of [{ modelBytes: 0 }, { memoryBytes: 1.5 }, { modelBytes: "1 GB" }]) {
      assert.equal(size.settings.safeParse(settings).success, false);
    }
  });

  it("passes exactly what isn't larger than the limit", () => {
    const whole = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(whole, whole, (value, limit) => {
        const finding = only(size, bytes(value), { modelBytes: limit });
        assert.equal(finding.passed, value <= limit);
      }),
    );
  });
});
