import { artifactPath } from "./artifact-paths";
import type { RegistryClient } from "./client";
import { RegistryError } from "./errors";
import { joinUri } from "./stores/artifact-folder";
import { openArtifactFolder } from "./stores/open-folder";

/** Longest provenance that is read, in bytes: a usual one has 3 kB, one with a thousand parameters 100 kB. */
const maxBytes = 1024 * 1024;

type Pin = Parameters<typeof artifactPath>[1];

/** Artifact path of the provenance that `tollgate train` signed, a DSSE envelope; absent when nobody did. */
export function provenancePath(pin: Pin): string {
  return artifactPath("provenance", pin, ".dsse.json");
}

/**
 * What was signed about a version's training, as stored beside its run; null when nothing was. Whether it counts is for
 * the gates to judge. Throws `RegistryError`.
 */
export async function fetchProvenance(
  client: RegistryClient,
  runId: string,
  pin: Pin,
): Promise<string | null> {
  const bytes = await client.artifacts.findRunArtifact(runId, provenancePath(pin), maxBytes);
  return bytes?.toString("utf8") ?? null;
}

/** Stores a provenance beside a version's run, in place of an earlier one. Throws `RegistryError`. */
export async function storeProvenance(
  client: RegistryClient,
  runId: string,
  pin: Pin,
  envelope: string,
): Promise<void> {
  const path = provenancePath(pin);
  const at = path.lastIndexOf("/");
  const { artifactUri } = await client.tracking.getRun(runId);
  const folder = await openArtifactFolder(client, joinUri(artifactUri, path.slice(0, at)));
  const bytes = Buffer.from(envelope);
  await folder.write({ path: path.slice(at + 1), sizeBytes: bytes.length }, async function* () {
    yield bytes;
  });
}

/**
 * Takes a version's provenance along to the copy of its bytes in another registry, where it says what it said before: how
 * these bytes were made. Doing it twice changes nothing.
 *
 * @returns false when the original has none
 * @throws RegistryError
 */
export async function carryProvenance(
  from: { readonly client: RegistryClient; readonly pin: Pin },
  to: { readonly client: RegistryClient; readonly pin: Pin },
): Promise<boolean> {
  const { runId: source } = await from.client.getModelVersion(from.pin.name, from.pin.version);
  const envelope = source && (await fetchProvenance(from.client, source, from.pin));
  if (!envelope) return false;
  const { runId } = await to.client.getModelVersion(to.pin.name, to.pin.version);
  if (!runId) {
    throw new RegistryError(
      "refused",
      `Version ${to.pin.version} of model "${to.pin.name}" at ${to.client.uri} has no run that could hold its provenance; register it from a run.`,
    );
  }
  if ((await fetchProvenance(to.client, runId, to.pin)) !== envelope) {
    await storeProvenance(to.client, runId, to.pin, envelope);
  }
  return true;
}
