/** Why there is no evidence to judge, machine-readable. */
export const evidenceProblemCodes = [
  "registry-unavailable",
  "version-not-found",
  "version-not-ready",
  "evidence-missing",
  "evidence-altered",
  "evidence-unreadable",
] as const;

/** Why there is no evidence to judge. Each of them is a refusal; `reason` is one sentence: what, which value, what to do. */
export interface EvidenceProblem {
  readonly code: (typeof evidenceProblemCodes)[number];
  readonly reason: string;
}
