import type { Settings } from "../config/settings";
import type { Override, PinnedVersion } from "../policies/gate";
import { usageError } from "./errors";
import { gitEmail } from "./git";
import type { Options } from "./verbs";

/** Shortest reason that is accepted, in characters: the settings say the same. */
const shortestReason = 10;

/**
 * The override line for `--force --reason`; null without `--force`. It is bound to one version and digest.
 *
 * @throws CliError (usage) for one without the other, or a reason that says nothing
 */
export function forcedOverride(
  options: Options,
  { projectDir }: Pick<Settings, "projectDir">,
  pin: PinnedVersion,
): Override | null {
  const reason = checkedReason(options);
  if (reason === null) return null;
  return {
    version: pin.version,
    digest: pin.digest,
    reason,
    by: gitEmail(projectDir) ?? process.env.USER ?? "unknown",
    at: new Date().toISOString(),
  };
}

/** The reason given with `--force`; null without it. */
export function checkedReason({ force, reason }: Options): string | null {
  if (!force && reason !== undefined)
    throw usageError("--reason is for --force: give both or neither.");
  if (!force) return null;
  if (typeof reason === "string" && reason.trim().length >= shortestReason) return reason.trim();
  throw usageError(
    `--force needs --reason, which says why in at least ${shortestReason} characters.`,
  );
}
