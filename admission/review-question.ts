import type { LastReview } from "../history/review";
import type { LoweredGate, PinnedVersion, Review } from "../policies/gate";
import type { EffectiveSettings } from "./effective";

/** Settings that judge, and where they are to be compared. */
export interface ReviewQuestion {
  /** Folder with `Pulumi.yaml`, absolute. */
  readonly projectDir: string;
  readonly stack: string;
  /** The version that is judged: waivers of others don't matter. */
  readonly pin: PinnedVersion;
  readonly effective: EffectiveSettings;
  /** Gates below their tier's level, by whom is told here. */
  readonly lowered: readonly Omit<LoweredGate, "by">[];
  /** What the last release was compared with; null when none was. */
  readonly last: LastReview | null;
}

/** The answer. */
export interface Reviewed {
  readonly review: Review;
  readonly lowered: readonly LoweredGate[];
}
