import { instantOf } from "./clock";
import { shortDigest } from "./finding";
import type { Candidate } from "./gate";

/** What of a candidate an approval or a waiver is bound to, beside version and environment. */
export type BoundTo = Pick<Candidate, "stack" | "evidenceDigest" | "history" | "replayed">;

/** What an approval or a waiver says of its binding. */
interface SignedLine {
  readonly evidence?: string | undefined;
  readonly at: string;
}

/**
 * Why an approval or a waiver doesn't speak for what is judged, as a clause; null when it does. People sign what was
 * measured: with new evidence they are asked again, and so they are once a stack went back from the version.
 *
 * A version that was released comes back under the lines it was released with, of whichever evidence. Lines that were
 * signed before they named any count there, and where a past release is replayed, and nowhere else.
 */
export function unboundBecause(
  { stack, evidenceDigest, history, replayed }: BoundTo,
  { evidence, at }: SignedLine,
): string | null {
  if (history.releasedAt !== null) return null;
  const { goneBackFromAt } = history;
  if (goneBackFromAt !== null) {
    const [signed, left] = [at, goneBackFromAt].map(instantOf);
    // Asked this way round, a time that can't be read is refused as well.
    if (signed == null || left == null || !(signed > left)) {
      return `it was signed at ${at}, before ${stack} went back from this version at ${goneBackFromAt}; sign again`;
    }
  }
  if (evidence === undefined) {
    return replayed ? null : "it doesn't name the evidence that it was given on; sign again";
  }
  if (evidence === evidenceDigest) return null;
  const now = evidenceDigest === null ? "there is none now" : `now it is ${shortDigest(evidenceDigest)}`; // prettier-ignore
  return `it was given on the evidence ${shortDigest(evidence)}, and ${now}; sign again`;
}
