import assert from "node:assert/strict";
import { evidencePresent } from "../../../policies/gates/evidence-present";
import { candidate, only, withoutEvidence } from "../fixtures";

describe("evidencePresent", () => {
  it("passes a version with evidence", () => {
    const finding = only(evidencePresent, candidate());
    assert.equal(finding.passed, true);
    assert.equal(
      finding.reason,
      "churn-model v2 has evidence, measured on 400 rows of data/staging/eval.csv.",
    );
  });

  it("refuses with the reason why there is none", () => {
    assert.deepEqual(only(evidencePresent, withoutEvidence()), {
      passed: false,
      subject: null,
      code: "evidence-missing",
      value: null,
      threshold: null,
      margin: null,
      reason: "churn-model v2 has no evidence; run `tollgate evaluate`.",
    });
  });

  it("refuses when the registry doesn't answer, as one sentence", () => {
    const problem = {
      code: "registry-unavailable",
      reason: "http://127.0.0.1:5001 did not answer within 5 s",
    } as const;
    const finding = only(evidencePresent, candidate({ evidence: null, problem }));
    assert.equal(finding.code, "registry-unavailable");
    assert.equal(finding.reason, "http://127.0.0.1:5001 did not answer within 5 s.");
  });

  it("refuses when neither evidence nor a reason came", () => {
    const finding = only(evidencePresent, candidate({ evidence: null }));
    assert.equal(finding.passed, false);
    assert.equal(finding.reason, "churn-model v2 has no evidence; run `tollgate evaluate` for it.");
  });

  it("can't be waived", () => assert.equal(evidencePresent.waivable, false));
});
