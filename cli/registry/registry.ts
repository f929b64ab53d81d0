import type { Settings } from "../../config/settings";
import type { ModelVersion, RegistryClient } from "../../registry/client";
import { operationsOf } from "../../runtimes";
import { CliError } from "../errors";

/**
 * The registry of a stack, with the credentials the environment holds for it.
 *
 * @throws OperationError when another environment, or another program, has its address
 */
export async function registryOf(settings: Settings): Promise<RegistryClient> {
  await operationsOf(settings).requireOwnRegistry(settings);
  const { registryClient } = await import("../../config/registry");
  return registryClient(settings);
}

/** Whose versions: a model, in the registry of a stack. */
type Shelf = Pick<Settings, "model" | "stack">;

/**
 * The version asked for, or the newest one.
 *
 * @throws CliError when there is none, or it isn't READY; RegistryError when the registry doesn't answer
 */
export async function readyVersion(
  client: RegistryClient,
  shelf: Shelf,
  asked: string | undefined,
): Promise<ModelVersion> {
  const version =
    asked === undefined ? await newest(client, shelf) : await existingVersion(client, shelf, asked);
  if (version.status === "READY") return version;
  throw new CliError(
    "version-not-ready",
    `Version ${version.version} of ${shelf.model} is ${version.status} in the registry, not READY: wait until its registration is done, or train again.`,
  );
}

/** Number of a model's newest version; 0 when it has none. */
export async function newestVersion(client: RegistryClient, model: string): Promise<number> {
  const [first] = await newestFirst(client, model);
  return first ? Number(first.version) : 0;
}

/** All versions of a model, the newest first. */
export async function newestFirst(client: RegistryClient, model: string): Promise<ModelVersion[]> {
  const { nameFilter } = await import("../../registry/filter");
  const versions = await client.searchModelVersions(nameFilter(model));
  return versions.sort((a, b) => Number(b.version) - Number(a.version));
}

async function newest(client: RegistryClient, { model, stack }: Shelf): Promise<ModelVersion> {
  const [first] = await newestFirst(client, model);
  if (first) return first;
  throw new CliError(
    "version-not-found",
    `The registry at ${client.uri} has no version of ${model}: run \`tollgate train --stack ${stack}\` first.`,
  );
}

/**
 * The version of that number, in whichever state.
 *
 * @throws CliError that names the list of those there are
 */
export async function existingVersion(
  client: RegistryClient,
  { model, stack }: Shelf,
  version: string,
): Promise<ModelVersion> {
  if (!/^[1-9][0-9]*$/.test(version)) {
    throw new CliError(
      "version-not-found",
      `"${version}" is no model version: give a number, such as 2.`,
      64,
    );
  }
  const { isRegistryError } = await import("../../registry/errors");
  try {
    return await client.getModelVersion(model, version);
  } catch (error) {
    if (!isRegistryError(error, "not-found")) throw error;
    throw new CliError(
      "version-not-found",
      `The registry at ${client.uri} has no version ${version} of ${model}: \`tollgate versions --stack ${stack}\` lists those it has.`,
    );
  }
}

/** A version's digest: its tag, or computed from its bytes when it has none. */
export async function digestOf(client: RegistryClient, version: ModelVersion): Promise<string> {
  const { versionTags } = await import("../../registry/evidence");
  const tagged = version.tags[versionTags.digest];
  if (tagged !== undefined) return tagged;
  const { digestOfModelVersion } = await import("../../registry/digest");
  return digestOfModelVersion(client, version.name, version.version);
}
