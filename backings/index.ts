import type { Settings } from "../config/settings";
import type { ArtifactStoreBacking } from "./artifact-store/backing";
import { externalArtifactStore } from "./artifact-store/external";
import { ownArtifactStore } from "./artifact-store/own";
import type { DatabaseBacking } from "./database/backing";
import { externalDatabase } from "./database/external";
import { ownDatabase } from "./database/own";
import type { ExternalSecret } from "./secret";

/** Who keeps what the environment's own registry needs. */
export interface Backings {
  readonly database: DatabaseBacking;
  readonly artifactStore: ArtifactStoreBacking;
}

/**
 * Chooses who keeps each thing, by the settings alone; nothing else decides it.
 *
 * @returns null where the registry itself is kept elsewhere: its database and store are its keeper's affair
 */
export function backingsOf(settings: Settings): Backings | null {
  const { trackingServer, database, artifactStore } = settings;
  if (!trackingServer.managed) return null;
  return {
    // Of a file or a folder there is nothing that a Secret could open.
    database:
      database.kind === "postgres" && database.secret !== null
        ? externalDatabase(settings, database.secret)
        : ownDatabase(settings),
    artifactStore:
      artifactStore.kind === "s3" && artifactStore.secret !== null
        ? externalArtifactStore(settings, artifactStore.secret)
        : ownArtifactStore(settings),
  };
}

/** Every Secret that somebody else keeps and a backing reads, once, with all keys that are read of it. */
export function externalSecrets(settings: Settings): ExternalSecret[] {
  const backings = backingsOf(settings);
  if (!backings) return [];
  const keysOf = new Map<string, string[]>();
  for (const { secret } of [backings.database, backings.artifactStore]) {
    if (secret) keysOf.set(secret.name, [...(keysOf.get(secret.name) ?? []), ...secret.keys]);
  }
  return [...keysOf].map(([name, keys]) => ({ name, keys }));
}
