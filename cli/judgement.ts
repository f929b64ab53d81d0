import type { Settings } from "../config/settings";
import type { Candidate, PinnedVersion, Verdict } from "../policies/gate";

/** A pin as the gates see it. */
export interface Judgement {
  candidate: Candidate;
  verdicts: Verdict[];
  /** Does a verdict stop the release? */
  blocked: boolean;
}

/** Judges what a stack pins; null without a pin. A silent registry is a refusal, not an exception. */
export async function judgePin(settings: Settings): Promise<Judgement | null> {
  const { fetchCandidate } = await import("../policies/candidate");
  const candidate = await fetchCandidate(settings);
  return candidate && judgeCandidate(candidate, settings);
}

/** Judges a version as if the stack pinned it. */
export async function judgeVersion(settings: Settings, pin: PinnedVersion): Promise<Judgement> {
  const judgement = await judgePin({ ...settings, pin });
  if (!judgement) throw new Error("a pin always gives a candidate");
  return judgement;
}

/** Judges a candidate by a stack's gates. */
export async function judgeCandidate(
  candidate: Candidate,
  { gates }: Pick<Settings, "gates">,
): Promise<Judgement> {
  const { blocked, judge } = await import("../policies/judge");
  const verdicts = judge(candidate, gates);
  return { candidate, verdicts, blocked: blocked(verdicts) };
}

/** `churn-model version 2 (sha256:0123456789ab)`. */
export function nameOfPin({ name, version, digest }: PinnedVersion): string {
  return `${name} version ${version} (${digest.slice(0, 19)})`;
}
