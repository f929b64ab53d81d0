import type { RegistryClient } from "./client";
import { RegistryError } from "./errors";
import { type ArtifactFolder, joinUri } from "./stores/artifact-folder";
import { openArtifactFolder } from "./stores/open-folder";

/**
 * The folder with a version's files, wherever the registry keeps them. Throws `not-found` when the version does
 * not exist and `refused` when its address is of a kind we can't read.
 */
export async function openModelVersion(
  client: RegistryClient,
  name: string,
  version: string,
): Promise<ArtifactFolder> {
  const uri = await client.getDownloadUri(name, version);
  return openArtifactFolder(client, await resolveRun(client, uri));
}

/** `runs:/<run>/<path>` as the address of the run's artifacts; any other address as it is. */
async function resolveRun(client: RegistryClient, uri: string): Promise<string> {
  if (!uri.startsWith("runs:")) {
    return uri;
  }
  const [, runId, path] = /^runs:\/+([^/]+)\/?(.*)$/.exec(uri) ?? [];
  if (!runId) {
    throw new RegistryError(
      "refused",
      `The artifact address ${uri} names no run; register the version again from a run.`,
    );
  }
  const run = await client.tracking.getRun(runId);
  return joinUri(run.artifactUri, path ?? "");
}
