import { parseEvidence } from "../registry/evidence-document";
import { sha256 } from "../strict/canonical";
import type { AdmissionInputs } from "./admission-inputs";
import { label } from "./finding";
import type { Candidate } from "./gate";
import { planDigest } from "./plan";
import { termsIn } from "./terms";

/**
 * What the gates judge, from an admission's inputs as the engine hands them on. The evidence is read from its document
 * again, so that nothing a program made up reaches a gate; the engine drops nulls on the way, which are put back.
 */
export function candidateOf(inputs: AdmissionInputs): Candidate {
  const { stack, pin, history, pack } = inputs;
  return {
    stack,
    pin,
    ...evidenceOf(inputs),
    evidenceSignature: inputs.evidenceSignature ?? null,
    provenance: inputs.provenance ?? null,
    registryDigest: inputs.registryDigest ?? null,
    evaluationDigest: inputs.evaluationDigest ?? null,
    terms: termsIn(inputs.settings),
    approvals: inputs.approvals ?? [],
    waivers: inputs.waivers ?? [],
    trust: inputs.trust,
    plan: planDigest(stack, pin, inputs.gates),
    history: {
      deployed: history.deployed ?? null,
      releasedAt: history.releasedAt ?? null,
      goneBackFromAt: history.goneBackFromAt ?? null,
      latestReceiptAt: history.latestReceiptAt ?? null,
      packDigest: history.packDigest ?? null,
      ...(history.releasedProven ? { releasedProven: true } : {}),
    },
    soaked:
      inputs.soaked?.map((service) => ({
        ...service,
        gitCommit: service.gitCommit ?? null,
        dataVersion: service.dataVersion ?? null,
        to: service.to ?? null,
      })) ?? null,
    pack: { digest: pack.digest, pinned: pack.pinned ?? null },
    lowered: (inputs.lowered ?? []).map((each) => ({ ...each, by: each.by ?? null })),
    review: reviewIn(inputs),
    judgedAt: inputs.judgedAt,
  };
}

function reviewIn({ review }: AdmissionInputs): Candidate["review"] {
  if (!review) return null;
  return {
    ...review,
    ref: review.ref ?? null,
    commit: review.commit ?? null,
    problem: review.problem ?? null,
    differences: (review.differences ?? []).map(({ field, value, reviewed, by }) => ({
      field,
      value: value ?? null,
      reviewed: reviewed ?? null,
      by: by ?? null,
    })),
  };
}

function evidenceOf({
  pin,
  evidence: document,
  problem,
}: AdmissionInputs): Pick<Candidate, "evidence" | "evidenceDigest" | "problem"> {
  const nothing = { evidence: null, evidenceDigest: null };
  if (!document) return { ...nothing, problem: problem ?? null };
  const parsed = parseEvidence(Buffer.from(document));
  if ("evidence" in parsed) {
    return { evidence: parsed.evidence, evidenceDigest: sha256(document), problem: null };
  }
  const reason = `The evidence of ${label(pin)} can't be read (${parsed.unreadable}); run \`tollgate evaluate\` again.`;
  return { ...nothing, problem: { code: "evidence-unreadable", reason } };
}
