/** Where an engine came from: found on PATH, downloaded from the vendor, or built from source. */
export type EngineSource = "path" | "vendor" | "build";

/** A Pulumi engine that runs our programs. */
export interface Engine {
  /** Absolute path of the `pulumi` executable. */
  readonly binary: string;
  /** Such as `3.259.0`. */
  readonly version: string;
  readonly source: EngineSource;
  /** Folder of the executable; the language host lies there too, or on PATH. */
  readonly dir: string;
}

/** The version that is downloaded or built. Newer ones can't be built: their modules aren't published. */
export const ENGINE_VERSION = "3.259.0";

/** Oldest version on PATH that is used as it is. */
export const OLDEST_ENGINE = [3, 200] as const;

/** What is wrong with a version as the end of a sentence, or null. */
export function versionProblem(version: string): string | null {
  const [major, minor] = OLDEST_ENGINE;
  const [its = NaN, itsMinor = 0] = version.split(".").map(Number);
  if (its === major && itsMinor >= minor) return null;
  return `its version is ${version}, and ${major}.${minor} or a newer ${major}.x is needed`;
}
