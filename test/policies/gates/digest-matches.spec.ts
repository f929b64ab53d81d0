import assert from "node:assert/strict";
import { digestMatches } from "../../../policies/gates/digest-matches";
import {
  candidate,
  digest,
  digestOf,
  only,
  pin,
  refusesWithoutEvidence,
  withEvidence,
} from "../fixtures";

describe("digestMatches", () => {
  it("passes the same bytes in pin, evidence and registry", () => {
    const finding = only(digestMatches, candidate());
    assert.equal(finding.passed, true);
    assert.equal(
      finding.reason,
      "churn-model v2 is sha256:aaaaaaaaaaaa in the pin, the evidence and the registry.",
    );
  });

  it("refuses evidence of other bytes", () => {
    const finding = only(digestMatches, withEvidence("model", { digest: digestOf("b") }));
    assert.deepEqual(finding, {
      passed: false,
      subject: null,
      code: "digest-differs",
      value: digestOf("b"),
      threshold: digest,
      margin: null,
      reason:
        "churn-model v2 is pinned as sha256:aaaaaaaaaaaa, but its evidence was measured on sha256:bbbbbbbbbbbb.",
    });
  });

  it("refuses a registry that has other bytes", () => {
    const finding = only(digestMatches, candidate({ registryDigest: digestOf("b") }));
    assert.equal(finding.code, "digest-differs");
    assert.equal(
      finding.reason,
      "churn-model v2 is pinned as sha256:aaaaaaaaaaaa, but the registry has sha256:bbbbbbbbbbbb.",
    );
  });

  it("refuses a pin of other bytes than were measured and registered", () => {
    const finding = only(digestMatches, candidate({ pin: { ...pin, digest: digestOf("c") } }));
    assert.equal(finding.code, "digest-differs");
    assert.equal(finding.threshold, digestOf("c"));
  });

  it("refuses a registry without a digest", () => {
    const finding = only(digestMatches, candidate({ registryDigest: null }));
    assert.equal(finding.code, "registry-digest-missing");
    assert.equal(
      finding.reason,
      "churn-model v2 carries no digest in the registry; sha256:aaaaaaaaaaaa is pinned.",
    );
  });

  for (const [what, change, other] of [
    ["version", { version: "1" }, "churn-model v1"],
    ["model", { name: "fraud-model" }, "fraud-model v2"],
  ] as const) {
    it(`refuses evidence of another ${what}`, () => {
      const finding = only(digestMatches, withEvidence("model", change));
      assert.equal(finding.code, "other-version");
      assert.equal(
        finding.reason,
        `churn-model v2 is pinned, but the evidence was measured on ${other}.`,
      );
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(digestMatches, "bytes"));

  it("can't be waived", () => assert.equal(digestMatches.waivable, false));
});
