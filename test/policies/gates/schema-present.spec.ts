import assert from "node:assert/strict";
import { schemaPresent } from "../../../policies/gates/schema-present";
import { candidate, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

describe("schemaPresent", () => {
  it("passes a model with a signature", () => {
    const finding = only(schemaPresent, candidate());
    assert.equal(finding.passed, true);
    assert.equal(finding.reason, "churn-model v2 has a signature of 2 inputs and 1 output.");
  });

  it("refuses a model without a signature", () => {
    const finding = only(schemaPresent, withEvidence("signature", null));
    assert.equal(finding.code, "missing");
    assert.equal(finding.reason, "churn-model v2 was logged without a signature.");
  });

  for (const side of ["inputs", "outputs"] as const) {
    it(`refuses a signature without ${side}`, () => {
      const finding = only(schemaPresent, withEvidence("signature", { [side]: [] }));
      assert.equal(finding.code, "incomplete");
      assert.equal(finding.reason, `churn-model v2 has a signature that names no ${side}.`);
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(schemaPresent, "signature"));
});
