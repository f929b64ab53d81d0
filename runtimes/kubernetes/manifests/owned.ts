import type { ClusterSettings } from "../../../config/settings";

/** Does this stack run a PostgreSQL of its own? */
export function ownsDatabase({ trackingServer, database }: ClusterSettings): boolean {
  return trackingServer.managed && database.kind === "postgres" && database.secret === null;
}

/** Does this stack run an S3 store of its own? */
export function ownsStore({ trackingServer, artifactStore }: ClusterSettings): boolean {
  return trackingServer.managed && artifactStore.kind === "s3" && artifactStore.secret === null;
}
