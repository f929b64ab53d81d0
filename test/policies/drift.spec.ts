import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeDrift } from "../../policies/drift";

const limits = { psi: 0.2, significance: 0.05 };

describe("judgeDrift", () => {
  it("passes an index within its limit, however sure the test is", () => {
    assert.deepEqual(judgeDrift(0.02, 0, limits), {
      code: "ok",
      facts: { value: 0.02, threshold: 0.2, margin: 0.18 },
      text: "PSI 0.02 is within the limit 0.2 (margin 0.18)",
    });
  });

  it("passes an index exactly at its limit", () => {
    assert.deepEqual(judgeDrift(0.2, 0, limits).facts, { value: 0.2, threshold: 0.2, margin: 0 });
    assert.equal(judgeDrift(0.2, 0, limits).code, "ok");
  });

  it("passes an index above its limit that chance explains, and judges it by the p-value", () => {
    assert.deepEqual(judgeDrift(0.3, 0.05, limits), {
      code: "ok",
      facts: { value: 0.05, threshold: 0.05, margin: 0 },
      text: "PSI 0.3 is above the limit 0.2, but chance explains it (p-value 0.05, at least 0.05, margin 0)",
    });
  });

  it("refuses an index above its limit that chance doesn't explain", () => {
    assert.deepEqual(judgeDrift(0.3, 0.049, limits), {
      code: "drifted",
      facts: { value: 0.3, threshold: 0.2, margin: -0.1 },
      text: "PSI 0.3 is above the limit 0.2 (margin -0.1), and chance does not explain it (p-value 0.049, below 0.05)",
    });
  });

  it("refuses numbers that are none, or in another unit", () => {
    assert.deepEqual(judgeDrift(NaN, 0.5, limits), {
      code: "not-finite",
      facts: { value: "NaN", threshold: 0.2, margin: null },
      text: "PSI is NaN, which is not a finite number, against the limit 0.2",
    });
    assert.equal(judgeDrift("0.1", 0.5, limits).code, "wrong-type");
    assert.equal(judgeDrift(-1, 0.5, limits).code, "wrong-unit");
    assert.equal(judgeDrift(0.1, 5, limits).code, "wrong-unit");
    assert.equal(judgeDrift(0.1, null, limits).code, "wrong-type");
  });

  it("never passes more drift or more certainty than it refused", () => {
    const index = fc.double({ min: 0, max: 5, noNaN: true });
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(index, index, chance, chance, (more, further, p, smaller) => {
        if (judgeDrift(more, p, limits).code === "ok") return;
        const worse = judgeDrift(Math.max(more, further), Math.min(p, smaller), limits);
        assert.equal(worse.code, "drifted");
      }),
    );
  });
});
