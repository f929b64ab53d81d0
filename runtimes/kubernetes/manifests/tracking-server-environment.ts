import { storeKeys } from "../../../backings/artifact-store/backing";
import { databaseUrlKey } from "../../../backings/database/backing";
import { names, ports } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import { databaseSecretName, ownsStore, storeSecretName } from "./owned";
import { fromSecret } from "./pods";

/** Folder of the server's own volume, where it has one. */
export const dataFolder = "/data";

/** Does the server keep its database or its artifacts in a folder? Then it has a volume, and one pod at a time. */
export function keepsFiles({ database, artifactStore }: ClusterSettings): boolean {
  return database.kind === "sqlite" || artifactStore.kind === "folder";
}

/** Where the server writes artifacts to. */
export function artifactsDestination({ artifactStore }: ClusterSettings): string {
  const { kind, bucket } = artifactStore;
  return kind === "s3" ? `s3://${bucket}` : `file://${dataFolder}/artifacts`;
}

/** What whoever opens the database needs: its address, and a home to write to. */
export function backendEnvironment(settings: ClusterSettings): object[] {
  const address = "MLFLOW_BACKEND_STORE_URI";
  return [
    { name: "HOME", value: "/tmp" },
    settings.database.kind === "sqlite"
      ? { name: address, value: `sqlite:///${dataFolder}/mlflow.db` }
      : fromSecret(address, databaseSecretName(settings), databaseUrlKey),
  ];
}

/** What the server needs besides: the store's keys and address, and the names it answers to. */
export function serverEnvironment(settings: ClusterSettings): object[] {
  const { artifactStore, kubernetes } = settings;
  const keys = Object.values(storeKeys).map((key) =>
    fromSecret(key, storeSecretName(settings), key),
  );
  const endpoint = ownsStore(settings)
    ? `http://${names.artifactStore}:${ports.artifactStore}`
    : artifactStore.endpoint;
  return [
    ...backendEnvironment(settings),
    ...(artifactStore.kind === "s3"
      ? [
          ...keys,
          { name: "AWS_EC2_METADATA_DISABLED", value: "true" },
          ...(endpoint === null ? [] : [{ name: "MLFLOW_S3_ENDPOINT_URL", value: endpoint }]),
          ...(ownsStore(settings) ? [{ name: "AWS_DEFAULT_REGION", value: "us-east-1" }] : []),
        ]
      : []),
    { name: "MLFLOW_SERVER_ALLOWED_HOSTS", value: allowedHosts(kubernetes.cluster.namespace) },
    // 9 processes and 1.9 GB with it, one and 0.5 GB without: nothing here submits jobs to the server.
    { name: "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", value: "false" },
    { name: "MLFLOW_DISABLE_TELEMETRY", value: "true" },
    { name: "DO_NOT_TRACK", value: "true" },
  ];
}

/**
 * Names that MLflow answers to, with and without a port: those of the Service, and loopback, which is what a tunnel's
 * callers say. Any other name in a request is taken for a page that had its own name point here.
 */
function allowedHosts(namespace: string): string {
  const service = names.trackingServer;
  const hosts = [
    service,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
    "localhost",
    "127.0.0.1",
  ];
  return hosts.flatMap((host) => [host, `${host}:*`]).join(",");
}
