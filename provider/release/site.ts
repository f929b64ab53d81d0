import type { Journal, PreviousMark } from "./journal";

/** What became of the traffic when a release was undone. */
export interface Restored {
  /** What callers get now, as a clause. */
  readonly served: string;
  /** What isn't as it was before, as a clause; null when all is. */
  readonly problem: string | null;
}

/** What callers get. */
export interface ServedVersion {
  readonly version: string;
  readonly digest: string;
}

/** A place's own way of doing it. The journal outlives the command that wrote it. */
export interface ReleaseSite {
  /** What callers get, or got before the release that is under way; null: nothing was ever released, or it is over. */
  served(): Promise<ServedVersion | null>;
  /** The journal of a release that is under way or was cut off; null when there is none. */
  journal(): Promise<Journal | null>;
  /** Records what the registry says before it is changed. The first record of a release stays. */
  recordMark(mark: PreviousMark): Promise<void>;
  /** Puts the traffic back to what the journal says was there before. */
  restoreTraffic(): Promise<Restored>;
  /** Nothing is left to undo: the journal goes. */
  clear(): Promise<void>;
  /** The release is complete: the journal goes, and what only it needed. */
  close(): Promise<void>;
}
