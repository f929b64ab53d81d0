import assert from "node:assert/strict";
import { approvals } from "../../../policies/gates/approvals";
import {
  approvalBy,
  candidate,
  digestOf,
  only,
  refusesWithoutEvidence,
  withEvidence,
  withoutEvidence,
} from "../fixtures";

const two = { required: 2 };
const judged = (...approvers: string[]) =>
  candidate({ approvals: approvers.map((approver) => approvalBy(approver)) });

describe("approvals", () => {
  it("passes when none is required, even without evidence", () => {
    const finding = only(approvals, withoutEvidence(), { required: 0 });
    assert.equal(finding.passed, true);
    assert.equal(finding.reason, "churn-model v2 needs no approval for staging.");
  });

  it("passes exactly as many approvals as are required", () => {
    assert.deepEqual(only(approvals, judged("bea@example.com", "cem@example.com"), two), {
      passed: true,
      subject: null,
      code: "ok",
      value: 2,
      threshold: 2,
      margin: 0,
      reason: "churn-model v2 has 2 of 2 approvals for staging (bea@example.com, cem@example.com).",
    });
  });

  it("refuses one approval of two, and names who gave it", () => {
    assert.deepEqual(only(approvals, judged("bea@example.com"), two), {
      passed: false,
      subject: null,
      code: "too-few",
      value: 1,
      threshold: 2,
      margin: -1,
      reason: "churn-model v2 has 1 of 2 approvals for staging (bea@example.com); 1 is missing.",
    });
  });

  it("refuses no approval at all", () => {
    assert.equal(
      only(approvals, judged(), two).reason,
      "churn-model v2 has 0 of 2 approvals for staging; 2 are missing.",
    );
  });

  for (const own of ["ann@example.com", "ANN@Example.com", "Ann <ann@example.com>"]) {
    it(`refuses to count the author as ${own}`, () => {
      const finding = only(approvals, judged(own, "bea@example.com"), two);
      assert.equal(finding.value, 1);
      assert.equal(
        finding.reason,
        "churn-model v2 has 1 of 2 approvals for staging (bea@example.com); 1 is missing, and that of its author ann@example.com doesn't count.",
      );
    });
  }

  it("refuses to count one person twice", () => {
    const same = judged("bea@example.com", "Bea@example.com", "Bea <BEA@example.com>");
    assert.equal(only(approvals, same, two).value, 1);
  });

  for (const [what, change] of [
    ["stack", { stack: "prod" }],
    ["model", { model: "fraud-model" }],
    ["version", { version: "1" }],
    ["digest", { digest: digestOf("b") }],
  ] as const) {
    it(`refuses to count an approval of another ${what}`, () => {
      const other = candidate({ approvals: [approvalBy("bea@example.com", change)] });
      assert.equal(only(approvals, other, { required: 1 }).value, 0);
    });
  }

  it("refuses to count an approval by nobody", () => {
    assert.equal(only(approvals, judged(" "), { required: 1 }).value, 0);
  });

  for (const author of [null, " "]) {
    it(`refuses a version with the author ${JSON.stringify(author)}`, () => {
      const unknown = {
        ...withEvidence("lineage", { author }),
        approvals: [approvalBy("bea@example.com")],
      };
      const finding = only(approvals, unknown, { required: 1 });
      assert.equal(finding.code, "unknown-author");
      assert.equal(
        finding.reason,
        "churn-model v2 has no recorded author, from whom the 1 approval for staging must differ.",
      );
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(approvals, "author", two));

  it("can't be overridden by the one person it is there to stop", () => {
    assert.equal(approvals.overridable, false);
  });
});
