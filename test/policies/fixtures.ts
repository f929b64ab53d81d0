import assert from "node:assert/strict";
import type { Candidate, Finding, Gate, GateConfigurations, Review } from "../../policies/gate";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import { gates } from "../../policies/gates";
import { artifactPath } from "../../registry/artifact-paths";
import { type Evidence, evidenceSchema } from "../../registry/evidence";
import { modelSubject } from "../../trust/statement";
import type { WaiverPredicate } from "../../trust/types";
import { sha256 } from "../../strict/canonical";
import { compliantEvidence, deployedPin, digestOf, pin } from "../support/evidence";
import { annKey, provenanceOf, trainingOf } from "../support/provenance";
import { signedLine, trustIn } from "../support/signing";

export { annKey, deployedPin, digestOf, pin, provenanceOf, trainingOf };

export const digest = pin.digest;

/** Evidence of a version that every gate lets pass. */
export const evidence: Evidence = evidenceSchema.parse(compliantEvidence());

/** The evidence document as stored. */
export function documentOf(given: unknown): string {
  return JSON.stringify(given);
}

/** The envelope beside an evidence document. */
export function signatureOf(given: Evidence): string {
  const evidenceDigest = sha256(documentOf(given));
  const document = {
    name: artifactPath("evidence", pin),
    digest: { sha256: evidenceDigest.replace("sha256:", "") },
  };
  const predicate = { evidence: evidenceDigest, signedAt: "2026-01-31T12:00:01Z" };
  return signedLine(annKey, "evidence", predicate, [document, modelSubject(pin)]);
}

/** A waiver of the metric floor for the pin, that counts for a day and down to an accuracy of 0.5; see `waiverOn`. */
export const waiver: WaiverPredicate = {
  gate: "metric-floor",
  stack: "staging",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  refusals: [{ subject: "accuracy", code: "below-floor", value: 0.5, threshold: 0.9 }],
  reason: "The campaign starts today",
  owner: "ann@example.com",
  at: "2026-02-01T09:00:00.000Z",
  expires: "2026-02-02T09:00:00.000Z",
};

/** The waiver on a candidate's own evidence, with changes, signed. */
export function waiverOn(
  { evidenceDigest }: Candidate,
  change: Partial<WaiverPredicate> = {},
): string {
  return signedLine(annKey, "waiver", {
    ...waiver,
    evidence: evidenceDigest ?? undefined,
    ...change,
  });
}

/** Settings that are as they were reviewed. */
export const asReviewed: Review = {
  digest: digestOf("5"),
  ref: "refs/remotes/origin/main",
  commit: "0123456789abcdef0123456789abcdef01234567",
  problem: null,
  differences: [],
  level: "disabled",
};

/** What an admission carries for a candidate. */
export function admissionOf(judged: Candidate, gates: GateConfigurations = {}): AdmissionInputs {
  const { evidence: given, evidenceDigest, plan, terms, ...rest } = judged;
  return {
    ...rest,
    stateDir: "/project/.tollgate/staging",
    cluster: null,
    evidence: given && documentOf(given),
    approvals: [...judged.approvals],
    waivers: [...judged.waivers],
    soaked: judged.soaked && [...judged.soaked],
    lowered: [...judged.lowered],
    settings: JSON.stringify({ evaluation: terms }),
    gates,
  };
}

/** These gates are mandatory with these settings, and all others are off. */
export function configured(settings: Readonly<Record<string, object>>): GateConfigurations {
  return Object.fromEntries(
    gates.map(({ name }) => [
      name,
      name in settings
        ? { level: "mandatory", settings: settings[name] }
        : { level: "disabled", settings: {} },
    ]),
  );
}

/** A candidate that passes, with changes. */
export function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    stack: "staging",
    pin,
    evidence,
    problem: null,
    evidenceDigest: sha256(documentOf(evidence)),
    evidenceSignature: signatureOf(evidence),
    provenance: provenanceOf(),
    registryDigest: digest,
    evaluationDigest: evidence.data.digest,
    terms: { positive: null, answer: null },
    approvals: [],
    waivers: [],
    trust: trustIn([{ key: annKey, principals: ["ann@example.com"] }]),
    plan: digestOf("6"),
    history: {
      deployed: deployedPin,
      releasedAt: null,
      goneBackFromAt: null,
      latestReceiptAt: "2026-01-15T12:00:00.000Z",
      packDigest: digestOf("7"),
    },
    soaked: null,
    pack: { digest: digestOf("7"), pinned: null },
    lowered: [],
    review: asReviewed,
    judgedAt: "2026-02-01T12:00:00.000Z",
    ...changes,
  };
}

/** A candidate whose evidence is changed in one group. With another lineage, nobody signed its training. */
export function withEvidence<K extends keyof Evidence>(
  group: K,
  change: Partial<Evidence[K]> | null,
): Candidate {
  const current = evidence[group];
  const value = typeof current === "object" && change !== null ? { ...current, ...change } : change;
  const changed = { ...evidence, [group]: value } as Evidence;
  return candidate({
    evidence: changed,
    evidenceDigest: sha256(documentOf(changed)),
    evidenceSignature: signatureOf(changed),
    ...(group === "lineage" ? { provenance: null } : {}),
  });
}

/** A candidate the registry gave no evidence for. */
export function withoutEvidence(): Candidate {
  return candidate({
    evidence: null,
    evidenceDigest: null,
    evidenceSignature: null,
    provenance: null,
    registryDigest: null,
    problem: {
      code: "evidence-missing",
      reason: "churn-model v2 has no evidence; run `tollgate evaluate`.",
    },
  });
}

/** The one finding of a gate, its settings filled in as for a stack. */
export function only(gate: Gate, judged: Candidate, settings: unknown = {}): Finding {
  const findings = gate.check(judged, gate.settings.parse(settings));
  assert.equal(findings.length, 1);
  return findings[0]!;
}

/** What a gate says without evidence. */
export function refusesWithoutEvidence(gate: Gate, wanted: string, settings: unknown = {}): void {
  assert.deepEqual(only(gate, withoutEvidence(), settings), {
    passed: false,
    subject: null,
    code: "no-evidence",
    value: null,
    threshold: null,
    margin: null,
    reason: `churn-model v2 has no evidence to judge its ${wanted} by.`,
  });
}
