import type { Settings } from "../../config/settings";
import type { ClusterSecretInputs } from "../../provider/inputs";
import type { ClusterSettings } from "./manifests/manifest";
import { labelsOf } from "./manifests/metadata";
import { names, ports } from "./names";

/** The settings of an environment in a cluster. */
export function inCluster(settings: Settings): ClusterSettings {
  if (settings.kubernetes === null) {
    throw new Error(
      `Stack ${settings.stack} has runtime kubernetes and no settings for it: write tollgate:kubernetes.`,
    );
  }
  return settings as ClusterSettings;
}

/** The Secret with the database's address; null where the database is a file. */
export function databaseSecret(settings: ClusterSettings): ClusterSecretInputs | null {
  const { kind, secret } = settings.database;
  if (kind === "sqlite") return null;
  if (secret !== null) return kept(settings, secret, ["url"]);
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
  const keys = { AWS_ACCESS_KEY_ID: "${access}", AWS_SECRET_ACCESS_KEY: "${secret}" };
  if (secret !== null) return kept(settings, secret, Object.keys(keys));
  const identity = {
    name: "tollgate",
    credentials: [{ accessKey: "${access}", secretKey: "${secret}" }],
    actions: ["Admin", "Read", "Write", "List", "Tagging"],
  };
  return made(
    settings,
    names.artifactStore,
    { access: 10, secret: 20 },
    { ...keys, "s3.json": JSON.stringify({ identities: [identity] }) },
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
  return { ...kept(settings, name, Object.keys(values)), generate };
}

function kept(settings: ClusterSettings, name: string, keys: string[]): ClusterSecretInputs {
  return {
    cluster: settings.kubernetes.cluster,
    name,
    labels: labelsOf(settings, name),
    generate: null,
    keys,
    deleteData: false,
  };
}
