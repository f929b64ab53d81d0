import type { Candidate, Finding, PinnedVersion } from "./gate";

/** What a finding says beyond whether it passed; every part has a neutral default. */
type Facts = Partial<Pick<Finding, "subject" | "value" | "threshold" | "margin" | "remedy">>;

const nothing = { subject: null, value: null, threshold: null, margin: null };

/** A finding that passed. */
export function passed(reason: string, facts: Facts = {}): Finding {
  return { passed: true, ...nothing, ...facts, code: "ok", reason };
}

/** Code of what passed because nobody looked. It is told like a refusal: a silent pass would read as a clean bill. */
export const notLookedCode = "not-looked";

/** A finding that passed because nothing was asked for, and that says so. */
export function notLooked(reason: string, facts: Facts = {}): Finding {
  return { ...passed(reason, facts), code: notLookedCode };
}

/** A finding that refuses, with its kebab-case code. */
export function refused(code: string, reason: string, facts: Facts = {}): Finding {
  return { passed: false, ...nothing, ...facts, code, reason };
}

/** Code of every refusal whose only cause is that there is no evidence to judge. */
export const noEvidenceCode = "no-evidence";

/** The answer of a gate that was given no evidence. What can't be told is refused. */
export function noEvidence(candidate: Candidate, wanted: string): Finding[] {
  return [
    refused(noEvidenceCode, `${label(candidate.pin)} has no evidence to judge its ${wanted} by.`),
  ];
}

/** How a model version is named in sentences: `churn-model v3`. */
export function label(pin: PinnedVersion): string {
  return `${pin.name} v${pin.version}`;
}

/** `sha256:` and the first 12 hex digits, enough to tell two digests apart in a sentence; any other text as it is. */
export function shortDigest(digest: string): string {
  return digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");
}

/** A number without float noise: at most 6 significant digits, so 0.894 - 0.9 is -0.006. */
export function plain(value: number): number {
  return Number(value.toPrecision(6));
}

/** A value beside its threshold: shortened only as far as the two still differ. */
export function beside(value: number, threshold: number): string {
  return String(plain(value) === threshold ? value : plain(value));
}

/** Distance to the threshold, positive inside; `side` says where inside is. */
export function marginOf(value: number, threshold: number, side: "above" | "below"): number {
  return plain(side === "above" ? value - threshold : threshold - value) + 0;
}

/** `1 approval`, `2 approvals`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A detail from elsewhere as a clause of a sentence: trimmed, without its full stop; `instead` when there is none. */
export function clause(detail: string | null, instead: string): string {
  return (detail ?? "").trim().replace(/\.$/, "") || instead;
}
