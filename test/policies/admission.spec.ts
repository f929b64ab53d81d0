import assert from "node:assert/strict";
import { candidateOf } from "../../policies/admission";
import type { AdmissionInputs } from "../../provider/inputs";
import { candidate, evidence, override } from "./fixtures";

function inputs(changes: Partial<AdmissionInputs> = {}): AdmissionInputs {
  return { ...candidate(), approvals: [], gates: {}, ...changes };
}

/** What is left when every null has been dropped on the way. */
function withoutNulls<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (inner === null ? undefined : inner)),
  ) as T;
}

describe("candidateOf", () => {
  it("hands on what is complete", () => {
    assert.deepEqual(candidateOf(inputs({ override })), candidate({ override }));
  });

  it("puts back nulls that were dropped on the way", () => {
    const bare = {
      ...evidence,
      signature: null,
      lineage: { ...evidence.lineage, author: null, gitDirty: null },
    };
    assert.deepEqual(
      candidateOf(withoutNulls(inputs({ evidence: bare, registryDigest: null }))),
      candidate({ evidence: bare, registryDigest: null }),
    );
  });

  for (const [what, metrics, told] of [
    ["a text", { accuracy: "0.95" }, 'metrics.accuracy: got "0.95", expected a number'],
    ["NaN", { accuracy: NaN }, "metrics.accuracy: got NaN, expected a number"],
    ["nothing at all", undefined, "metrics: missing, expected a group of settings"],
  ] as const) {
    it(`refuses evidence with ${what} for a metric as unreadable`, () => {
      const wrong = { ...evidence, metrics } as unknown as typeof evidence;
      const judged = candidateOf(inputs({ evidence: wrong }));
      assert.equal(judged.evidence, null);
      assert.deepEqual(judged.problem, {
        code: "evidence-unreadable",
        reason: `The evidence of churn-model v2 can't be read (${told}); run \`tollgate evaluate\` again.`,
      });
    });
  }
});
