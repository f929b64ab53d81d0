import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelVersion, RegistryClient } from "./client";
import { digestOfArtifacts, digestOfFolder } from "./digest";
import { isRegistryError, RegistryError } from "./errors";
import { versionTags } from "./evidence";
import { nameFilter } from "./filter";
import { lineageOf, promotedFrom } from "./lineage";
import { openModelVersion } from "./model-files";
import { type ArtifactFolder, joinUri } from "./stores/artifact-folder";
import { LocalFolder } from "./stores/local-folder";
import { openArtifactFolder } from "./stores/open-folder";

export interface CopyRequest {
  readonly from: RegistryClient;
  readonly to: RegistryClient;
  readonly name: string;
  /** Version in the source registry. */
  readonly version: string;
  /** Experiment in the target that gets the run of the copy; made when missing. */
  readonly experiment: string;
  /** Stack the version comes from, for the tag `tollgate.promoted_from`. */
  readonly fromStack: string;
  /** Digest the bytes must have. @default the source version's `tollgate.digest` tag, when it has one */
  readonly digest?: string;
  /** Told in a few words what is being done. */
  readonly progress?: (what: string) => void;
}

export interface CopiedVersion {
  /** Version in the target registry. */
  readonly version: string;
  readonly digest: string;
  readonly runId: string | null;
  /** False when the target had this very copy already. */
  readonly copied: boolean;
}

/**
 * Copies a version's bytes from one registry to another and registers them there. The bytes pass through a temporary
 * folder, their digest is taken before and, read back from the target, after; the version is created only when both
 * are equal, and what was uploaded is removed otherwise. The copy carries the lineage of the original and
 * `tollgate.promoted_from`; evidence stays behind, because it was measured in the other environment.
 *
 * A second call finds the copy of the first. Throws `RegistryError`.
 */
export async function copyModelVersion(request: CopyRequest): Promise<CopiedVersion> {
  const { from, name, version } = request;
  const source = await from.getModelVersion(name, version);
  if (source.status !== "READY") {
    throw new RegistryError(
      "refused",
      `Version ${version} of model "${name}" at ${from.uri} is ${source.status}, not READY; wait until its registration has ended, or train again.`,
    );
  }
  const expected = request.digest ?? source.tags[versionTags.digest];
  const earlier = expected ? await earlierCopy(request, expected) : null;
  if (earlier) {
    return earlier;
  }
  const folder = await mkdtemp(join(tmpdir(), "tollgate-copy-"));
  try {
    request.progress?.(`downloading version ${version} of ${name}`);
    await transfer(await openModelVersion(from, name, version), new LocalFolder(folder, folder));
    const digest = await digestOfFolder(folder);
    if (expected && digest !== expected) {
      throw new RegistryError(
        "refused",
        `Version ${version} of model "${name}" at ${from.uri} has the digest ${digest}, not ${expected}, so its bytes were changed after registration; train and register again.`,
      );
    }
    return (
      (expected ? null : await earlierCopy(request, digest)) ??
      (await upload(request, source, new LocalFolder(folder, folder), digest))
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function upload(
  request: CopyRequest,
  source: ModelVersion,
  bytes: ArtifactFolder,
  digest: string,
): Promise<CopiedVersion> {
  const { to, name } = request;
  const lineage = await lineageOf(request.from, source);
  const experimentId = await ensureExperiment(to, request.experiment);
  const run = await to.tracking.createRun({
    experimentId,
    runName: lineage.runName ?? undefined,
    tags: lineage.runTags,
  });
  const target = await openArtifactFolder(to, joinUri(run.artifactUri, "model"));
  const origin = promotedFrom(request.fromStack, source.version, digest);
  const undo = async () => {
    // The first failure is what the user has to know; a left-over run without a version harms nobody.
    await target.remove().catch(() => undefined);
    await to.tracking.deleteRun(run.runId).catch(() => undefined);
  };
  try {
    request.progress?.(`uploading to ${to.uri}`);
    await transfer(bytes, target);
    request.progress?.("reading it back");
    await refuseOtherBytes(target, digest);
    await to.tracking.logBatch(run.runId, { metrics: lineage.metrics, params: lineage.params });
    await to.tracking.updateRun(run.runId, { status: "FINISHED", endTime: Date.now() });
    await ensureRegisteredModel(to, name);
  } catch (error) {
    await undo();
    throw error;
  }
  const created = await to
    .createModelVersion({
      name,
      source: target.uri,
      runId: run.runId,
      tags: {
        ...lineage.versionTags,
        [versionTags.digest]: digest,
        [versionTags.promotedFrom]: origin,
      },
    })
    .catch(async (error: unknown) => {
      // The answer may be lost although the version was made: its bytes may go only when it certainly wasn't.
      const made = await findCopy(to, name, origin).catch(() => null);
      if (made) {
        return made;
      }
      if (made === undefined) {
        await undo();
      }
      throw error;
    });
  return { version: created.version, digest, runId: run.runId, copied: true };
}

async function transfer(from: ArtifactFolder, to: ArtifactFolder): Promise<void> {
  const files = await from.list();
  if (files.length === 0) {
    throw new RegistryError(
      "not-found",
      `There are no files at ${from.uri}; see whether the version's artifacts were deleted.`,
    );
  }
  for (const file of files) {
    const bytes = await from.read(file.path);
    await to.write(file, () => bytes);
  }
}

async function refuseOtherBytes(target: ArtifactFolder, digest: string): Promise<void> {
  const arrived = await digestOfArtifacts(target);
  if (arrived !== digest) {
    throw new RegistryError(
      "refused",
      `The copy at ${target.uri} has the digest ${arrived} instead of ${digest}, so bytes changed on the way, and it was removed; try again, and see to the artifact store if it happens again.`,
    );
  }
}

async function earlierCopy(request: CopyRequest, digest: string): Promise<CopiedVersion | null> {
  const origin = promotedFrom(request.fromStack, request.version, digest);
  const found = await findCopy(request.to, request.name, origin);
  return found ? { version: found.version, digest, runId: found.runId, copied: false } : null;
}

/** A complete copy of the very same version. */
async function findCopy(
  to: RegistryClient,
  name: string,
  origin: string,
): Promise<ModelVersion | undefined> {
  const versions = await to.searchModelVersions(nameFilter(name));
  return versions.find(
    ({ status, tags }) => status === "READY" && tags[versionTags.promotedFrom] === origin,
  );
}

async function ensureExperiment(client: RegistryClient, name: string): Promise<string> {
  try {
    const experiment = await client.tracking.getExperimentByName(name);
    if (experiment.lifecycleStage !== "active") {
      throw new RegistryError(
        "refused",
        `Experiment "${name}" at ${client.uri} is ${experiment.lifecycleStage}; restore it, or set another tollgate:experiment.`,
      );
    }
    return experiment.experimentId;
  } catch (error) {
    if (!isRegistryError(error, "not-found")) {
      throw error;
    }
  }
  return client.tracking.createExperiment(name);
}

async function ensureRegisteredModel(client: RegistryClient, name: string): Promise<void> {
  await client.createRegisteredModel(name).catch((error: unknown) => {
    if (!isRegistryError(error, "conflict")) {
      throw error;
    }
  });
}
