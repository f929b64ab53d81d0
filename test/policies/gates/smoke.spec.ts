import assert from "node:assert/strict";
import { smoke } from "../../../policies/gates/smoke";
import { candidate, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

describe("smoke", () => {
  it("passes a version whose scorer started and answered", () => {
    const finding = only(smoke, candidate());
    assert.equal(finding.passed, true);
    assert.equal(finding.reason, "churn-model v2 passed its smoke test.");
  });

  it("refuses a version whose scorer failed, with the detail", () => {
    const detail = "the model needs the package xgboost.";
    const finding = only(smoke, withEvidence("smoke", { passed: false, detail }));
    assert.equal(finding.code, "failed");
    assert.equal(
      finding.reason,
      "churn-model v2 failed its smoke test: the model needs the package xgboost.",
    );
  });

  it("refuses a failure without a detail", () => {
    const finding = only(smoke, withEvidence("smoke", { passed: false, detail: " " }));
    assert.equal(finding.reason, "churn-model v2 failed its smoke test: no detail was recorded.");
  });

  it("refuses an answer that is not plainly true", () => {
    const passed = "true" as unknown as boolean;
    assert.equal(only(smoke, withEvidence("smoke", { passed })).passed, false);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(smoke, "smoke test"));
});
