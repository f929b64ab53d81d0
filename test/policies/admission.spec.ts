import assert from "node:assert/strict";
import { candidateOf } from "../../policies/admission";
import { planDigest } from "../../policies/plan";
import { sha256 } from "../../strict/canonical";
import { problemOfSent } from "../../policies/admission-inputs";
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

  it("reads what was recorded before there were provenance, clusters, reviews and lowered gates", () => {
    const { provenance, cluster, review, lowered, settings, soaked, ...before } = withoutNulls(
      admissionOf(candidate()),
    );
    assert.deepEqual(candidateOf({ ...before, another: 1 } as typeof before), {
      ...candidateOf(admissionOf(candidate())),
      provenance: null,
      review: null,
      lowered: [],
      terms: null,
      soaked: null,
    });
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

describe("problemOfSent", () => {
  const sent = admissionOf(candidate());

  it("has nothing against what our own program sends, with and without its nulls", () => {
    assert.equal(problemOfSent(sent), null);
    assert.equal(problemOfSent(withoutNulls(sent)), null);
  });

  it("has nothing against a gate that a program gives no settings", () => {
    assert.equal(problemOfSent({ ...sent, gates: { smoke: { level: "advisory" } } }), null);
  });

  const wrong: [what: string, value: unknown, sentence: RegExp][] = [
    ["nothing at all", undefined, /correct missing, expected a group of settings\.$/],
    [
      "a text for the pin",
      { ...sent, pin: "2@sha256" },
      /correct pin: got "2@sha256", expected a group of settings/,
    ],
    ["no digest", { ...sent, pin: { name: "m", version: "2" } }, /correct pin\.digest: missing, /],
    [
      "a version that is no number",
      { ...sent, pin: { ...pin, version: "latest" } },
      /pin\.version: got "latest", expected the number of a version, such as "3"\.$/,
    ],
    [
      "a level that there isn't",
      { ...sent, gates: { smoke: { level: "of", settings: {} } } },
      /gates\.smoke\.level: got "of", expected one of mandatory, advisory, disabled/,
    ],
    [
      "an approval that is no text",
      { ...sent, approvals: [1] },
      /approvals\[0\]: got 1, expected a text/,
    ],
    [
      "a field of another name",
      { ...sent, provenence: "{}" },
      /correct provenence: unknown key, did you mean provenance\?\.$/,
    ],
    [
      "two wrong fields",
      { ...sent, stack: 1, judgedAt: 2 },
      /correct stack: got 1, .*; judgedAt: got 2, /,
    ],
  ];
  for (const [what, value, sentence] of wrong) {
    it(`names the field and what is allowed: ${what}`, () => {
      assert.match(problemOfSent(value) ?? "nothing", sentence);
    });
  }
});
