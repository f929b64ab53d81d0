import type { WaivedRefusal } from "../trust/types";
import type { Finding } from "./gate";

/** What a waiver names of a gate's findings: every one that was refused when it was signed. */
export function refusalsOf(findings: readonly Finding[]): WaivedRefusal[] {
  return findings
    .filter(({ passed }) => !passed)
    .map(({ subject, code, value, threshold }) => ({ subject, code, value, threshold }));
}

/**
 * Is a refusal one of those that were waived, and no worse? A number is worse when it lies further on the side of its
 * threshold that it was refused for; anything else has to be what it was.
 */
export function isWaived(refusals: readonly WaivedRefusal[], finding: Finding): boolean {
  return refusals.some(
    (each) =>
      each.subject === finding.subject && each.code === finding.code && !isWorse(each, finding),
  );
}

function isWorse(waived: WaivedRefusal, { value }: Finding): boolean {
  const { value: before, threshold } = waived;
  if (typeof before !== "number" || typeof value !== "number") return before !== value;
  if (typeof threshold !== "number") return before !== value;
  // Asked this way round, NaN is worse than anything.
  return before < threshold ? !(value >= before) : !(value <= before);
}

/** In words: `accuracy 0.894 (threshold 0.9)`. */
export function refusalText({ subject, code, value, threshold }: WaivedRefusal): string {
  const what = subject === null ? code : `${subject} ${code}`;
  const limit = threshold === null ? "" : ` (threshold ${threshold})`;
  return value === null ? what : `${what} at ${value}${limit}`;
}
