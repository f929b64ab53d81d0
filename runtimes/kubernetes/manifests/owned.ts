import { backingsOf } from "../../../backings";
import type { ClusterSettings } from "../../../config/settings";
import { names } from "../names";

/** Does this stack run a PostgreSQL of its own? */
export function ownsDatabase(settings: ClusterSettings): boolean {
  return settings.database.kind === "postgres" && backingsOf(settings)?.database.keptBy === "own";
}

/** Does this stack run an S3 store of its own? */
export function ownsStore(settings: ClusterSettings): boolean {
  return (
    settings.artifactStore.kind === "s3" && backingsOf(settings)?.artifactStore.keptBy === "own"
  );
}

/** Does this stack keep a database or artifacts in the cluster, in whatever form, and so need volumes? */
export function keepsData(settings: ClusterSettings): boolean {
  const backings = backingsOf(settings);
  if (!backings) return false;
  return backings.database.keptBy === "own" || backings.artifactStore.keptBy === "own";
}

/** Name of the Secret with the address of a PostgreSQL, whoever keeps it. */
export function databaseSecretName(settings: ClusterSettings): string {
  return backingsOf(settings)?.database.secret?.name ?? names.database;
}

/** Name of the Secret with the keys of an S3 store, whoever keeps it. */
export function storeSecretName(settings: ClusterSettings): string {
  return backingsOf(settings)?.artifactStore.secret?.name ?? names.artifactStore;
}
