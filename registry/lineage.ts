import type { ModelVersion, RegistryClient, Run } from "./client";
import { isRegistryError } from "./errors";
import { versionTags } from "./evidence";
import type { Metric } from "./tracking";

/** What a copied version takes along from the original and its run. */
export interface Lineage {
  readonly runName: string | null;
  readonly metrics: readonly Metric[];
  readonly params: Readonly<Record<string, string>>;
  readonly runTags: Readonly<Record<string, string>>;
  readonly versionTags: Readonly<Record<string, string>>;
}

/** Facts about how a version was made. Evidence is none: it is measured anew in each environment. */
const lineageTags: readonly string[] = [
  versionTags.gitCommit,
  versionTags.gitDirty,
  versionTags.author,
  versionTags.dataVersion,
  versionTags.trainingDataDigest,
  versionTags.parameters,
];

/** Value of the tag `tollgate.promoted_from`. */
export function promotedFrom(stack: string, version: string, digest: string): string {
  return `${stack}:${version}@${digest}`;
}

/** Lineage of a version; without a run, or with a deleted one, only that of the version itself. */
export async function lineageOf(client: RegistryClient, version: ModelVersion): Promise<Lineage> {
  const run = version.runId ? await runOrNull(client, version.runId) : null;
  return {
    runName: run?.runName ?? null,
    metrics: Object.entries(run?.metrics ?? {}).map(([key, value]) => ({ key, value })),
    params: run?.params ?? {},
    runTags: filterKeys(
      run?.tags ?? {},
      (key) => key === "mlflow.user" || key.startsWith("mlflow.source."),
    ),
    versionTags: filterKeys(version.tags, (key) => lineageTags.includes(key)),
  };
}

async function runOrNull(client: RegistryClient, runId: string): Promise<Run | null> {
  try {
    return await client.tracking.getRun(runId);
  } catch (error) {
    if (isRegistryError(error, "not-found")) {
      return null;
    }
    throw error;
  }
}

function filterKeys(
  record: Readonly<Record<string, string>>,
  wanted: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => wanted(key)));
}
