import type { Settings } from "../../config/settings";
import { routerFiles } from "../../provider/envoy/bootstrap";
import { routeFiles } from "../../provider/envoy/files";
import { localFiles } from "./files";
import {
  processDefaults,
  type Given,
  launcherCommand,
  type LocalPaths,
  type ProcessArguments,
  launcherFile,
} from "./process-arguments";

/** A secret's file, and a fingerprint that changes with its content. */
export interface SecretFile {
  readonly path: string;
  readonly fingerprint: Given;
}

/** PostgreSQL with one role and one database, both `mlflow`, on a free port of loopback. */
export function databaseProcess(
  settings: Settings,
  paths: LocalPaths,
  password: SecretFile,
): ProcessArguments {
  const { postgres } = localFiles(settings.stateDir);
  const data = ["--data", postgres, "--database", "mlflow", "--user", "mlflow"];
  return {
    ...processDefaults(settings, paths, "database"),
    command: [...launcherCommand(paths, "postgres"), ...data, "--password-file", password.path],
    health: { kind: "tcp", timeoutSeconds: 60 },
    dataPaths: [postgres],
    restartOn: { password: password.fingerprint },
    stopSignal: "SIGINT",
  };
}

/** An S3 store over a folder, on a free port of loopback. */
export function artifactStoreProcess(
  settings: Settings,
  paths: LocalPaths,
  keys: { readonly access: SecretFile; readonly secret: SecretFile },
): ProcessArguments {
  const { objects, storeSecrets } = localFiles(settings.stateDir);
  const parts = [
    "master",
    "master-grpc",
    "volume",
    "volume-grpc",
    "filer",
    "filer-grpc",
    "s3-grpc",
  ];
  const internalPorts = parts.map((part) => `{port:${part}}`).join(",");
  return {
    ...processDefaults(settings, paths, "artifact-store"),
    command: [
      ...launcherCommand(paths, "store"),
      ...["--data", objects, "--secrets", storeSecrets, "--internal-ports", internalPorts],
      ...["--access-key-file", keys.access.path, "--secret-key-file", keys.secret.path],
    ],
    health: { kind: "http", path: "/healthz", timeoutSeconds: 60 },
    dataPaths: [objects],
    restartOn: { accessKey: keys.access.fingerprint, secretKey: keys.secret.fingerprint },
    // An answered write has reached the operating system, so nothing is lost; an orderly shutdown takes 15 s.
    stopTimeoutSeconds: 2,
  };
}

/** What a client of the artifact store needs in its environment: file paths and addresses, no secret. */
export function artifactStoreEnvironment(
  settings: Settings,
  address: Given,
): Record<string, Given> {
  return {
    MLFLOW_S3_ENDPOINT_URL: address,
    AWS_SHARED_CREDENTIALS_FILE: localFiles(settings.stateDir).awsCredentials,
    // The user's own AWS profiles must not be read.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/**
 * The MLflow server.
 *
 * @param database Null: a SQLite file.
 * @param store Where artifact bytes go, as `ArtifactStoreParts` says it.
 * @param credentials What clients have to send; null: nothing.
 */
export function trackingServerProcess(
  settings: Settings,
  paths: LocalPaths,
  database: { readonly address: Given; readonly password: SecretFile } | null,
  store: { readonly destination: Given; readonly environment: Record<string, Given> },
  credentials: SecretFile | null = null,
): ProcessArguments {
  const { sqlite, artifacts } = localFiles(settings.stateDir);
  const hasStore = settings.artifactStore.kind === "s3";
  const backend = database
    ? ["--database", database.address, "--database-password-file", database.password.path]
    : ["--sqlite", sqlite];
  const { host, port } = settings.trackingServer;
  return {
    ...processDefaults(settings, paths, "tracking-server"),
    command: [
      ...launcherCommand(paths, "tracking_server", host),
      ...backend,
      ...["--artifacts", store.destination],
      ...(credentials ? ["--password-file", credentials.path] : []),
    ],
    environment: store.environment,
    host,
    port,
    portSetting: "tollgate:trackingServer.port",
    health: { kind: "http", path: "/health", timeoutSeconds: 120 },
    // A folder for artifacts has no server of its own: what is in it goes with the tracking server.
    dataPaths: [...(database ? [] : [sqlite]), ...(hasStore ? [] : [artifacts])],
    restartOn: {
      ...(database ? { databasePassword: database.password.fingerprint } : {}),
      ...(credentials ? { password: credentials.fingerprint } : {}),
    },
  };
}

/** Envoy, where callers reach the model; its admin interface is a socket beside its files. */
export function routerProcess(settings: Settings, paths: LocalPaths): ProcessArguments {
  const { stateDir, scorer } = settings;
  const files = routerFiles({
    stateDir,
    host: scorer.host,
    port: "{port}",
  });
  // Hot restart would claim a number and shared memory of the whole machine.
  const options = ["--disable-hot-restart", "--log-level", "warn"];
  return {
    ...processDefaults(settings, paths, "router"),
    ...files,
    command: [
      paths.python,
      launcherFile(paths, "router"),
      routeFiles(stateDir).directory,
      "-c",
      routeFiles(stateDir).bootstrap,
      ...options,
    ],
    host: scorer.host,
    port: scorer.port,
    portSetting: "tollgate:scorer.port",
    health: { kind: "tcp", timeoutSeconds: 30 },
  };
}
