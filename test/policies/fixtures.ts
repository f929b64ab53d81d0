import assert from "node:assert/strict";
import type { Candidate, Finding, Gate, GateConfigurations } from "../../policies/gate";
import type { AdmissionInputs } from "../../provider/inputs";
import { type Evidence, evidenceArtifactPath, evidenceSchema } from "../../registry/evidence";
import { modelSubject } from "../../trust/statement";
import type { WaiverPredicate } from "../../trust/types";
import { sha256 } from "../../trust/canonical";
import { compliantEvidence, deployedPin, digestOf, pin } from "../support/evidence";
import { signedLine, testKey, trustIn } from "../support/signing";

export { deployedPin, digestOf, pin };

export const digest = pin.digest;

/** Evidence of a version that every gate lets pass. */
export const evidence: Evidence = evidenceSchema.parse(compliantEvidence());

/** The evidence document as stored. */
export function documentOf(given: unknown): string {
  return JSON.stringify(given);
}

/** Ann trains, and her key signs the evidence. */
export const annKey = testKey("ann");

/** The envelope beside an evidence document. */
export function signatureOf(given: Evidence): string {
  const evidenceDigest = sha256(documentOf(given));
  const document = {
    name: evidenceArtifactPath(pin.version),
    digest: { sha256: evidenceDigest.replace("sha256:", "") },
  };
  const predicate = { evidence: evidenceDigest, signedAt: "2026-01-31T12:00:01Z" };
  return signedLine(annKey, "evidence", predicate, [document, modelSubject(pin)]);
}

/** A waiver of the metric floor for the pin, that counts for a day. */
export const waiver: WaiverPredicate = {
  gate: "metric-floor",
  stack: "staging",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  reason: "The campaign starts today",
  owner: "ann@example.com",
  at: "2026-02-01T09:00:00.000Z",
  expires: "2026-02-02T09:00:00.000Z",
};

/** What an admission carries for a candidate. */
export function admissionOf(judged: Candidate, gates: GateConfigurations = {}): AdmissionInputs {
  const { evidence: given, evidenceDigest, plan, ...rest } = judged;
  return {
    ...rest,
    stateDir: "/project/.tollgate/staging",
    evidence: given && documentOf(given),
    approvals: [...judged.approvals],
    waivers: [...judged.waivers],
    soaked: judged.soaked && [...judged.soaked],
    lowered: [...judged.lowered],
    gates,
  };
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
    registryDigest: digest,
    evaluationDigest: evidence.data.digest,
    approvals: [],
    waivers: [],
    trust: trustIn([{ key: annKey, principals: ["ann@example.com"] }]),
    plan: digestOf("6"),
    history: {
      deployed: deployedPin,
      releasedAt: null,
      lastReceiptAt: "2026-01-15T12:00:00.000Z",
      packDigest: digestOf("7"),
    },
    soaked: null,
    pack: { digest: digestOf("7"), pinned: null },
    lowered: [],
    judgedAt: "2026-02-01T12:00:00.000Z",
    ...changes,
  };
}

/** A candidate whose evidence is changed in one group. */
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
  });
}

/** A candidate the registry gave no evidence for. */
export function withoutEvidence(): Candidate {
  return candidate({
    evidence: null,
    evidenceDigest: null,
    evidenceSignature: null,
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
