import { join } from "node:path";
import { servesInBatches, type Settings } from "../../config/settings";
import { localFiles } from "./files";
import {
  processDefaults,
  type Given,
  type LocalPaths,
  type ProcessArguments,
} from "./process-arguments";

/**
 * How long a scorer needs to stop once its last answer is due, in seconds: it accepts requests for a moment after it was
 * told to stop, and kills its model 10 s after that answer.
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
  /** Part of the name, so that scorers of one digest with different settings have different names. */
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
    ...processDefaults(settings, paths, name),
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
