import { externalSecrets } from "../../backings";
import { storeKeys } from "../../backings/artifact-store/backing";
import { databaseUrlKey } from "../../backings/database/backing";
import type { ClusterSecretInputs, KeptSecret } from "../../provider/inputs";
import { registryUser } from "../../registry/credentials";
import { registrySecretName } from "./manifests/registry-credentials";
import type { ClusterSettings } from "../../config/settings";
import { labelsOf } from "./manifests/metadata";
import { ownsDatabase, ownsStore } from "./manifests/owned";
import { names, ports } from "./names";

/** The Secret with the address of the stack's own PostgreSQL; null where it runs none. */
export function databaseSecret(settings: ClusterSettings): ClusterSecretInputs | null {
  if (!ownsDatabase(settings)) return null;
  const host = `${names.database}:${ports.database}`;
  return made(
    settings,
    names.database,
    { password: 20 },
    {
      password: "${password}",
      [databaseUrlKey]: `postgresql://mlflow:\${password}@${host}/mlflow`,
    },
  );
}

/** The Secret with the keys of the stack's own S3 store; null where it runs none. */
export function storeSecret(settings: ClusterSettings): ClusterSecretInputs | null {
  if (!ownsStore(settings)) return null;
  const identity = {
    name: "tollgate",
    credentials: [{ accessKey: "${access}", secretKey: "${secret}" }],
    actions: ["Admin", "Read", "Write", "List", "Tagging"],
  };
  return made(
    settings,
    names.artifactStore,
    { access: 10, secret: 20 },
    {
      [storeKeys.access]: "${access}",
      [storeKeys.secret]: "${secret}",
      "s3.json": JSON.stringify({ identities: [identity] }),
    },
  );
}

/** The Secret with what clients of the stack's own registry send; null where it wants nothing. */
export function registrySecret(settings: ClusterSettings): ClusterSecretInputs | null {
  const name = registrySecretName(settings);
  if (name === null) return null;
  return made(
    settings,
    name,
    { password: 20 },
    { MLFLOW_TRACKING_USERNAME: registryUser, MLFLOW_TRACKING_PASSWORD: "${password}" },
  );
}

function made(
  settings: ClusterSettings,
  name: string,
  random: Record<string, number>,
  values: Record<string, string>,
): ClusterSecretInputs {
  const generate = {
    random: Object.entries(random).map(([name, bytes]) => ({ name, bytes })),
    values: Object.entries(values).map(([key, text]) => ({ key, text })),
  };
  return { ...secretInputs(settings, { name, keys: Object.keys(values) }), generate };
}

/**
 * A Secret that somebody else keeps, looked at together with all others of the environment, so that one sentence names
 * every one that is missing.
 */
export function externalSecretInputs(settings: ClusterSettings, name: string): ClusterSecretInputs {
  const kept: KeptSecret[] = externalSecrets(settings).map((each) => ({
    ...each,
    keys: [...each.keys],
  }));
  const one = kept.find((each) => each.name === name)!;
  return { ...secretInputs(settings, one), generate: null, kept };
}

function secretInputs(settings: ClusterSettings, { name, keys }: KeptSecret) {
  return {
    cluster: settings.kubernetes.cluster,
    name,
    labels: labelsOf(settings, name),
    keys,
    deleteData: false,
  };
}
