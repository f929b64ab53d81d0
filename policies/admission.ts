import { parseEvidence } from "../registry/evidence-document";
import { sha256 } from "../strict/canonical";
import { type AdmissionInputs, readAdmission, type SentAdmission } from "./admission-inputs";
import { label } from "./finding";
import type { Candidate } from "./gate";
import { planDigest } from "./plan";
import { termsIn } from "./terms";

/**
 * What the gates judge, from an admission's inputs as the engine hands them on. The evidence is read from its document
 * again, so that nothing a program made up reaches a gate.
 *
 * @throws AdmissionError for inputs that aren't as they have to be
 */
export function candidateOf(sent: SentAdmission): Candidate {
  const inputs = readAdmission(sent);
  const { stateDir, cluster, settings, gates, ...judged } = inputs;
  return {
    ...judged,
    ...evidenceOf(inputs),
    terms: termsIn(settings),
    plan: planDigest(inputs.stack, inputs.pin, gates),
  };
}

function evidenceOf({
  pin,
  evidence: document,
  problem,
}: AdmissionInputs): Pick<Candidate, "evidence" | "evidenceDigest" | "problem"> {
  const nothing = { evidence: null, evidenceDigest: null };
  if (!document) return { ...nothing, problem };
  const parsed = parseEvidence(Buffer.from(document));
  if ("evidence" in parsed) {
    return { evidence: parsed.evidence, evidenceDigest: sha256(document), problem: null };
  }
  const reason = `The evidence of ${label(pin)} can't be read (${parsed.unreadable}); run \`tollgate evaluate\` again.`;
  return { ...nothing, problem: { code: "evidence-unreadable", reason } };
}
