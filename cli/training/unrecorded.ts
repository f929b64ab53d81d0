import type { Settings } from "../../config/settings";
import type { RegistryClient } from "../../registry/client";
import { CliError, reportOf } from "../errors";
import { newestVersion } from "../registry/registry";

/**
 * A failure of what follows a training, with the version that is in the registry all the same and what to do about it.
 *
 * @param before the newest version when the training began; 0 where there was none
 * @param said the version that the training printed, if it did: all that is known where the registry doesn't answer
 * @returns the error itself where nothing was registered
 */
export async function unrecorded(
  error: unknown,
  client: RegistryClient,
  { model, stack }: Pick<Settings, "model" | "stack">,
  before: number,
  said: string | undefined,
): Promise<unknown> {
  const newest = await newestVersion(client, model).catch(() => null);
  const version = newest ?? Number(said ?? 0);
  if (version <= before) return error;
  const { code, message, exitCode } = reportOf(error);
  const known = newest === null ? "was registered, by what training printed," : "was registered";
  return new CliError(
    code,
    `${message.replace(/\.?$/, ".")} Version ${version} of ${model} ${known} before this failed, and stays without the lineage that gates ask for: once the cause is mended, run \`tollgate train --stack ${stack}\` again, which registers another version.`,
    exitCode,
  );
}
