import type { ClusterSecretInputs, KeptSecret } from "../../provider/inputs";
import { registryUser } from "../../registry/credentials";
import { registrySecretName } from "./manifests/registry-credentials";
import type { ClusterSettings } from "../../config/settings";
import { labelsOf } from "./manifests/metadata";
import { names, ports } from "./names";

/** What a store's clients read of its Secret, as random values make it where the Secret is ours. */
const storeKeys = { AWS_ACCESS_KEY_ID: "${access}", AWS_SECRET_ACCESS_KEY: "${secret}" };

/** The Secret with the database's address; null where the database is a file. */
export function databaseSecret(settings: ClusterSettings): ClusterSecretInputs | null {
  const { kind, secret } = settings.database;
  if (kind === "sqlite") return null;
  if (secret !== null) return kept(settings, secret);
  const host = `${names.database}:${ports.database}`;
  return made(
    settings,
    names.database,
    { password: 20 },
    { password: "${password}", url: `postgresql://mlflow:\${password}@${host}/mlflow` },
  );
}

/** The Secret with the store's keys; null where artifacts go to a folder. */
export function storeSecret(settings: ClusterSettings): ClusterSecretInputs | null {
  const { kind, secret } = settings.artifactStore;
  if (kind === "folder") return null;
  if (secret !== null) return kept(settings, secret);
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
      ...storeKeys,
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

/** A Secret that somebody else keeps. */
function kept(settings: ClusterSettings, name: string): ClusterSecretInputs {
  const all = keptSecrets(settings);
  const one = all.find((each) => each.name === name)!;
  return { ...secretInputs(settings, one), generate: null, kept: all };
}

/** Every Secret of the environment that somebody else keeps, with the keys that it must have. */
function keptSecrets({ database, artifactStore }: ClusterSettings): KeptSecret[] {
  const keysOf = new Map<string, string[]>();
  const add = (name: string | null, keys: string[]) => {
    if (name !== null) keysOf.set(name, [...(keysOf.get(name) ?? []), ...keys]);
  };
  if (database.kind !== "sqlite") add(database.secret, ["url"]);
  if (artifactStore.kind !== "folder") {
    add(artifactStore.secret, Object.keys(storeKeys));
  }
  return [...keysOf].map(([name, keys]) => ({ name, keys }));
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
