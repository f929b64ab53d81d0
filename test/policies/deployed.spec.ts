import assert from "node:assert/strict";
import { comparisonOf } from "../../policies/deployed";
import type { Candidate, StackHistory } from "../../policies/gate";
import { candidate, deployedPin, digestOf, evidence, pin, withoutEvidence } from "./fixtures";

const withHistory = (history: Partial<StackHistory>, changes: Partial<Candidate> = {}) =>
  candidate({ history: { ...candidate().history, ...history }, ...changes });
const notCompared = { evidence: { ...evidence, comparison: null } };

/** The one finding that is given instead of a comparison. */
function settled(judged: Candidate) {
  const { findings } = comparisonOf(judged, "quality");
  assert.ok(findings, "there is something to compare");
  assert.equal(findings.length, 1);
  return findings[0]!;
}

describe("comparisonOf", () => {
  it("gives the comparison with what the stack serves", () => {
    const compared = comparisonOf(candidate(), "quality");
    assert.deepEqual(compared, { findings: null, evidence, comparison: evidence.comparison });
  });

  it("passes when the stack serves nothing, whatever was compared", () => {
    for (const changes of [{}, notCompared]) {
      const finding = settled(withHistory({ deployed: null }, changes));
      assert.equal(finding.passed, true);
      assert.equal(
        finding.reason,
        "churn-model v2 has nothing to be compared with in its quality, as staging serves nothing.",
      );
    }
  });

  it("passes the bytes that the stack serves, under whatever number", () => {
    const finding = settled(withHistory({ deployed: { ...pin, version: "9" } }, notCompared));
    assert.equal(finding.passed, true);
    assert.equal(
      finding.reason,
      "churn-model v2 has the bytes that staging serves (sha256:aaaaaaaaaaaa), so its quality is the same.",
    );
  });

  it("passes what was released before: a rollback is not compared with its successor", () => {
    const releasedAt = "2026-01-10T12:00:00.000Z";
    const finding = settled(withHistory({ releasedAt }, notCompared));
    assert.equal(finding.passed, true);
    assert.equal(
      finding.reason,
      "churn-model v2 was released to staging at 2026-01-10T12:00:00.000Z, so its quality isn't compared again when it comes back.",
    );
  });

  it("refuses without evidence, even when the stack serves nothing", () => {
    const judged = { ...withoutEvidence(), history: withHistory({ deployed: null }).history };
    const finding = settled(judged);
    assert.equal(finding.code, "no-evidence");
    assert.equal(finding.reason, "churn-model v2 has no evidence to judge its quality by.");
  });

  it("refuses when nothing was compared, and names what the stack serves", () => {
    const finding = settled(candidate(notCompared));
    assert.equal(finding.code, "not-measured");
    assert.equal(finding.threshold, deployedPin.digest);
    assert.equal(
      finding.reason,
      "churn-model v2 was not compared in its quality with churn-model v1 (sha256:111111111111), which staging serves; run `tollgate evaluate` again.",
    );
  });

  it("refuses a comparison with another version than the stack serves, and names both", () => {
    const deployed = { ...deployedPin, version: "3", digest: digestOf("3") };
    const finding = settled(withHistory({ deployed }));
    assert.equal(finding.code, "compared-with-another");
    assert.equal(finding.value, deployedPin.digest);
    assert.equal(finding.threshold, deployed.digest);
    assert.equal(
      finding.reason,
      "churn-model v2 was compared in its quality with churn-model v1 (sha256:111111111111), but staging serves churn-model v3 (sha256:333333333333); run `tollgate evaluate` again.",
    );
  });

  it("refuses a comparison with other bytes under the deployed version's number", () => {
    const finding = settled(withHistory({ deployed: { ...deployedPin, digest: digestOf("3") } }));
    assert.equal(finding.code, "compared-with-another");
  });

  it("takes the evidence's word for what is deployed where the stack isn't known", () => {
    const compared = comparisonOf(withHistory({ deployed: "unknown" }), "quality");
    assert.equal(compared.findings, null);
  });

  it("refuses where neither the stack nor the evidence tells what is deployed", () => {
    const finding = settled(withHistory({ deployed: "unknown" }, notCompared));
    assert.equal(finding.code, "not-measured");
    assert.equal(finding.threshold, null);
    assert.equal(
      finding.reason,
      "churn-model v2 was not compared in its quality with the deployed version; run `tollgate evaluate` again.",
    );
  });
});
