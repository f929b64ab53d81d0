import { stackHistory } from "../history/stack-history";
import type { Receipt } from "../history/receipt";
import { samePin } from "../history/rollback";
import { AdmissionError, type SentAdmission } from "../policies/admission-inputs";
import { candidateOf } from "../policies/admission";
import {
  blocks,
  explanation,
  GateConfigurationError,
  judge,
  withoutEchoes,
} from "../policies/judge";
import type { Verdict } from "../policies/gate";

/** Why a pin isn't admitted, as a provider's check says it. */
export interface AdmissionFailure {
  /** Without a property: the engine would print its whole value before the sentence, such as a map of the pin. */
  readonly property: "";
  readonly reason: string;
}

/**
 * The provider's check of a pin: the same gates as the policy pack's, so that a preview without the pack is refused too.
 * What the stack served before and the time come from here, whatever the program says of them.
 *
 * @param olds the admission in the stack's checkpoint, null when there is none
 * @param receipts of the stack, oldest first
 * @param now ISO 8601, UTC
 * @returns the inputs to record, with recorded evidence where it stands in, and one failure for each refusal that stops
 */
export function checkAdmission(
  olds: SentAdmission | null,
  news: SentAdmission,
  receipts: readonly Receipt[],
  now: string,
): { inputs: SentAdmission; failures: AdmissionFailure[] } {
  const checkpoint = olds && { pin: olds.pin, deployed: olds.history?.deployed ?? null };
  const history = stackHistory(receipts, news.pin, checkpoint);
  const judgedAt = history.releasedAt ?? now;
  const inputs = { ...withRecordedEvidence(olds, news), history, judgedAt };
  try {
    const refusals = judge(candidateOf(inputs), inputs.gates).filter(blocks);
    return { inputs, failures: withoutEchoes(refusals).map(failureOf) };
  } catch (error) {
    const isTold = error instanceof GateConfigurationError || error instanceof AdmissionError;
    if (!isTold) throw error;
    return { inputs, failures: [{ property: "", reason: error.message }] };
  }
}

/**
 * A registry that doesn't answer is a refusal, except for the pin that is already admitted: that one is judged by the
 * evidence recorded with it. Otherwise an update could never restart a dead registry.
 */
function withRecordedEvidence(olds: SentAdmission | null, news: SentAdmission): SentAdmission {
  const unchanged = olds !== null && samePin(olds.pin, news.pin);
  if (news.problem?.code !== "registry-unavailable" || !unchanged || !olds.evidence) return news;
  const { evidence, evidenceSignature, provenance, registryDigest } = olds;
  return {
    ...news,
    evidence,
    evidenceSignature: evidenceSignature ?? null,
    provenance: provenance ?? null,
    registryDigest: registryDigest ?? null,
    problem: null,
  };
}

function failureOf(verdict: Verdict): AdmissionFailure {
  return { property: "", reason: `${verdict.gate}: ${explanation(verdict)}` };
}
