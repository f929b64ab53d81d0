import assert from "node:assert/strict";
import { candidateOf } from "../../policies/admission";
import { planDigest } from "../../policies/plan";
import { sha256 } from "../../strict/canonical";
import { admissionOf, candidate, documentOf, evidence, pin } from "./fixtures";

/** What is left when every null has been dropped on the way. */
function withoutNulls<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (inner === null ? undefined : inner)),
  ) as T;
}

describe("candidateOf", () => {
  const plan = planDigest("staging", pin, {});

  it("hands on what is complete", () => {
    const service = {
      digest: pin.digest,
      gitCommit: "0a1b2c3",
      dataVersion: "v2",
      from: "2026-01-01T00:00:00.000Z",
      to: "2026-01-03T00:00:00.000Z",
      green: true,
    };
    const judged = candidate({ soaked: [service], approvals: ["{}"], plan });
    assert.deepEqual(candidateOf(admissionOf(judged)), judged);
  });

  it("puts back nulls that were dropped on the way", () => {
    const judged = candidate({
      evidenceSignature: null,
      registryDigest: null,
      evaluationDigest: null,
      history: {
        deployed: null,
        releasedAt: null,
        goneBackFromAt: null,
        latestReceiptAt: null,
        packDigest: null,
      },
      lowered: [{ gate: "smoke", level: "disabled", from: "mandatory", by: null }],
      plan,
    });
    assert.deepEqual(candidateOf(withoutNulls(admissionOf(judged))), judged);
  });

  it("computes the plan and the evidence's digest itself, from what it was given", () => {
    const other = { ...evidence, metrics: { accuracy: 0.5 } };
    const judged = candidateOf({ ...admissionOf(candidate()), evidence: documentOf(other) });
    assert.equal(judged.evidenceDigest, sha256(documentOf(other)));
    assert.equal(judged.plan, plan);
  });

  for (const [what, metrics, told] of [
    ["a text", { accuracy: "0.95" }, /metrics\.accuracy: .*got "0\.95"/],
    ["nothing at all", undefined, /metrics: /],
  ] as const) {
    it(`refuses evidence with ${what} for a metric as unreadable`, () => {
      const wrong = documentOf({ ...evidence, metrics });
      const judged = candidateOf({ ...admissionOf(candidate()), evidence: wrong });
      assert.equal(judged.evidence, null);
      assert.equal(judged.evidenceDigest, null);
      assert.equal(judged.problem?.code, "evidence-unreadable");
      assert.match(judged.problem.reason, told);
    });
  }
});
