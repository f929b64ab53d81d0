/** One thing that Tollgate needs: on this machine, or in a cluster. */
export interface Part {
  readonly part: string;
  /** `unknown`: it can't be looked at, and need not be in the way. */
  readonly status: "ok" | "missing" | "too-old" | "broken" | "unknown";
  /** What is there, such as `3.259.0` or `12 GB free`. */
  readonly version: string | null;
  /** Where it is or where it came from; for what is wrong, why. */
  readonly source: string | null;
  /** The one command that mends it; null when nothing has to be done or no command can. */
  readonly mend: string | null;
  /** What to do where no command mends it, or what may be done instead: a clause such as `set …`. */
  readonly advice?: string;
}

/** A part that is there. */
export function ok(part: string, version: string | null, source: string | null): Part {
  return { part, status: "ok", version, source, mend: null };
}

/** A part that isn't as it should be. */
export function wrong(
  part: string,
  status: Exclude<Part["status"], "ok">,
  source: string | null,
  mend: string | null,
  advice?: string,
): Part {
  return { part, status, version: null, source, mend, ...(advice === undefined ? {} : { advice }) };
}
