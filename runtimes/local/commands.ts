import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { servesInBatches, type Settings } from "../../config/settings";
import type { ProcessInputs } from "../../processes/process";
import { routerFiles } from "../../provider/envoy/bootstrap";
import { routeFiles } from "../../provider/envoy/files";
import { localFiles } from "./files";

/** A value that another resource gives once it runs. */
type Given = pulumi.Input<string>;

/** `ProcessInputs` as a program declares them: what comes from other resources may be an output. */
export type ProcessArguments = Omit<ProcessInputs, "command" | "environment" | "restartOn"> & {
  command: Given[];
  environment: Record<string, Given>;
  restartOn: Record<string, Given>;
};

/** Where things are on this machine, absolute. */
export interface LocalPaths {
  /** Tollgate's own folder. */
  readonly root: string;
  /** The locked environment's Python. */
  readonly python: string;
}

/** A secret's file and the fingerprint that tells when it changed. */
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
    ...base(settings, paths, "database"),
    command: [...launcher(paths, "postgres"), ...data, "--password-file", password.path],
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
    ...base(settings, paths, "artifact-store"),
    command: [
      ...launcher(paths, "store"),
      ...["--data", objects, "--secrets", storeSecrets, "--internal-ports", internalPorts],
      ...["--access-key-file", keys.access.path, "--secret-key-file", keys.secret.path],
    ],
    health: { kind: "http", path: "/healthz", timeoutSeconds: 60 },
    dataPaths: [objects],
    restartOn: { accessKey: keys.access.fingerprint, secretKey: keys.secret.fingerprint },
    // Writes are with the operating system when they are answered; its own farewell takes 15 s.
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
    // The user's own profiles have no say here.
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
    ...base(settings, paths, "tracking-server"),
    command: [
      ...launcher(paths, "tracking_server", host),
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
    ...base(settings, paths, "router"),
    ...files,
    command: [
      paths.python,
      server(paths, "router"),
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

/**
 * What a scorer's end takes beyond its last answers, in seconds: it still takes requests for a moment, and kills its model
 * 10 s after the last answer was due.
 */
const scorerEndSeconds = 15;

/** What one scorer serves. */
export interface ScorerOf {
  /** `models:/<name>/<version>` of an admitted pin. */
  readonly modelUri: Given;
  readonly version: string;
  /** Digest of the pinned bytes: scorers are named by it. */
  readonly digest: string;
  readonly trackingUri: Given;
  /** Part of the name: tells scorers of one digest apart that were started from different settings. */
  readonly generation: string;
  /** 0 for the first. */
  readonly replica: number;
}

/** What a client of a registry that is kept elsewhere reads, as far as the caller has it. */
const REGISTRY_CREDENTIALS = ["MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"];

/** Variables of the way to the registry, as far as the caller has them. */
const PASSED_TO_SCORERS = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "AWS_CA_BUNDLE",
];

/** One server of the pinned version, on a free port of loopback; the router is in front of it. */
export function scorerProcess(
  settings: Settings,
  paths: LocalPaths,
  scorer: ScorerOf,
): ProcessArguments {
  const { modelUri, version, digest, trackingUri } = scorer;
  const { caFile, tokenVariable, credentials } = settings.trackingServer;
  const passwordFile = credentials && "passwordFile" in credentials && credentials.passwordFile;
  const { startTimeoutSeconds, answerSeconds } = settings.scorer;
  const names = credentials ? PASSED_TO_SCORERS : [...REGISTRY_CREDENTIALS, ...PASSED_TO_SCORERS];
  const passed = Object.fromEntries(names.map((name) => [name, name]));
  const name = scorerName(scorer);
  const files = localFiles(settings.stateDir);
  const captureFile = join(files.captured, `${name}.csv`);
  return {
    ...base(settings, paths, name),
    command: [
      ...[paths.python, "-m", "tollgate_serving.scorer", "--model-uri", modelUri],
      ...["--model", settings.model, "--version", version, "--digest", digest],
      ...["--stage", settings.stage, "--host", "127.0.0.1", "--port", "{port}"],
      ...["--cache", files.models, ...scorerOptions(settings, captureFile)],
    ],
    environment: {
      PYTHONPATH: join(paths.root, "serving"),
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_DISABLE_TELEMETRY: "true",
      ...(caFile ? { MLFLOW_TRACKING_SERVER_CERT_PATH: caFile } : {}),
      // The path alone: the fetcher reads the file, and a model finds no password in its environment.
      ...(passwordFile ? { TOLLGATE_REGISTRY_PASSWORD_FILE: passwordFile } : {}),
    },
    passEnvironment: {
      ...passed,
      ...(credentials ? {} : { MLFLOW_TRACKING_TOKEN: tokenVariable }),
    },
    health: { kind: "http", path: "/ready", timeoutSeconds: startTimeoutSeconds },
    stopTimeoutSeconds: answerSeconds + scorerEndSeconds,
    warmSeconds: settings.release.warmSeconds,
  };
}

/**
 * Words of a scorer's command line that follow from the stack's settings alone: what a release and an evaluation start
 * theirs with.
 *
 * @param captureFile where it keeps the rows that callers sent
 */
export function scorerOptions(settings: Settings, captureFile: string): string[] {
  const { logLevel, captureRows, sandbox, memoryMiB, answerSeconds } = settings.scorer;
  return [
    ...["--log-level", logLevel, "--sandbox", sandbox],
    ...["--memory-bytes", String(memoryMiB * 2 ** 20)],
    ...["--answer-seconds", String(answerSeconds)],
    ...(servesInBatches(settings) ? [] : ["--no-batching"]),
    ...(captureRows > 0
      ? ["--capture-rows", String(captureRows), "--capture-file", captureFile]
      : []),
  ];
}

/** `scorer-<first 12 hex digits of the digest>-<generation>-<replica>`. */
export function scorerName(scorer: Pick<ScorerOf, "digest" | "generation" | "replica">): string {
  const digest = scorer.digest.replace("sha256:", "").slice(0, 12);
  return `scorer-${digest}-${scorer.generation}-${scorer.replica}`;
}

/** Is a kept process of this name a scorer? */
export function isScorerName(name: string): boolean {
  return /^scorer-[0-9a-f]{12}-[0-9a-f]{8}-\d+$/.test(name);
}

function server(paths: LocalPaths, name: string): string {
  return join(paths.root, "runtimes", "local", "servers", `${name}.py`);
}

function launcher(paths: LocalPaths, name: string, host = "127.0.0.1"): string[] {
  return [paths.python, server(paths, name), "--host", host, "--port", "{port}"];
}

/** What most processes share. */
function base(settings: Settings, paths: LocalPaths, name: string): ProcessArguments {
  return {
    name,
    stateDir: settings.stateDir,
    // Without site packages and user settings: small, and at work in 20 ms.
    keeper: [paths.python, "-S", "-s", "-E", server(paths, "keeper")],
    command: [],
    environment: {},
    passEnvironment: {},
    host: "127.0.0.1",
    port: 0,
    portSetting: "chosen freely",
    health: { kind: "tcp", timeoutSeconds: 30 },
    files: {},
    initialFiles: {},
    dataPaths: [],
    deleteData: false,
    restartOn: {},
    stopSignal: "SIGTERM",
    stopTimeoutSeconds: 10,
    warmSeconds: 0,
  };
}
