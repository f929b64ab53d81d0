import path from "node:path";
import { run } from "./processes";

const serving = path.join(__dirname, "..", "serving");

/** Packages that Tollgate's own locks leave out though others ask for them. */
const excludes = path.join(serving, "requirements.excludes");

/** What to lock. */
export interface Compilation {
  /** Program uv. */
  readonly uv: string;
  /** Where the files below are. */
  readonly folder: string;
  /** Files of requirements, locked together. */
  readonly sources: readonly string[];
  readonly target: string;
  /** Are the packages of `serving/requirements.excludes` left out? */
  readonly leaveOut: boolean;
  /** Further arguments of `uv pip compile`. @default none */
  readonly more?: readonly string[];
}

/**
 * Locks requirements with hashes, for all platforms and every Python we support.
 *
 * @throws RunError with all that uv said; the target is as it was then
 */
export async function compileRequirements(what: Compilation): Promise<void> {
  const { uv, folder, sources, target, leaveOut, more = [] } = what;
  const how = [
    ...["--universal", "--python-version", "3.11"],
    ...["--generate-hashes", "--no-header", "--quiet"],
    ...(leaveOut ? ["--excludes", excludes] : []),
    ...more,
  ];
  await run(uv, ["pip", "compile", ...how, "--output-file", target, ...sources], { cwd: folder });
}

/**
 * Locks the packages of somebody's model together with all that Tollgate needs, at the versions that Tollgate has locked.
 *
 * @throws RunError with all that uv said, such as that the two can't be together
 */
export function compileOwnRequirements(uv: string, source: string, target: string): Promise<void> {
  return compileRequirements({
    uv,
    folder: path.dirname(source),
    sources: [path.basename(source), path.join(serving, "requirements.in")],
    target,
    leaveOut: true,
    // The annotations would name folders of this machine.
    more: ["--no-annotate", "--constraints", path.join(serving, "requirements.lock")],
  });
}
