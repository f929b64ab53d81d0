import assert from "node:assert/strict";
import { loweringReviewed } from "../../../policies/gates/lowering-reviewed";
import { candidate, only } from "../fixtures";

const lowered = { gate: "latency", level: "advisory", from: "mandatory" } as const;

describe("loweringReviewed", () => {
  it("passes when no gate is lowered", () => {
    assert.equal(only(loweringReviewed, candidate()).code, "ok");
  });

  it("passes a committed lowering and says whose it is", () => {
    const finding = only(
      loweringReviewed,
      candidate({ lowered: [{ ...lowered, by: "ann@example.com" }] }),
    );
    assert.equal(finding.passed, true);
    assert.match(
      finding.reason,
      /latency advisory, where its tier has it mandatory, by a change of ann@example.com\.$/,
    );
  });

  it("refuses a lowering that isn't committed, for each gate", () => {
    const judged = candidate({
      lowered: [
        { ...lowered, by: null },
        { ...lowered, gate: "smoke", level: "disabled", by: null },
      ],
    });
    assert.deepEqual(
      loweringReviewed.check(judged, {}).map(({ passed, code, subject, value, threshold }) => ({
        passed,
        code,
        subject,
        value,
        threshold,
      })),
      [
        {
          passed: false,
          code: "not-committed",
          subject: "latency",
          value: "advisory",
          threshold: "mandatory",
        },
        {
          passed: false,
          code: "not-committed",
          subject: "smoke",
          value: "disabled",
          threshold: "mandatory",
        },
      ],
    );
  });

  it("refuses settings it doesn't know", () => {
    assert.equal(loweringReviewed.settings.safeParse({ allow: true }).success, false);
  });
});
