import { type Settings, throughCluster } from "../../config/settings";
import { registryUser } from "../../registry/credentials";

/** What a plain `mlflow` on this machine needs to ask a stack's registry. No secret is in it. */
export interface PlainClient {
  readonly variables: Readonly<Record<string, string>>;
  /** By the variable of Tollgate's own programs, the path of a file with the password. */
  readonly files: Readonly<Record<string, string>>;
  /** For a shell to evaluate: read the password from its file. */
  readonly lines: readonly string[];
}

/** Nothing for a registry in a cluster, which has no address here. */
export function plainClient(settings: Settings): PlainClient {
  const { uri, caFile, credentials } = settings.trackingServer;
  if (throughCluster(settings)) return { variables: {}, files: {}, lines: [] };
  const passwordFile = credentials && "passwordFile" in credentials && credentials.passwordFile;
  return {
    variables: {
      MLFLOW_TRACKING_URI: uri,
      ...(caFile ? { MLFLOW_TRACKING_SERVER_CERT_PATH: caFile } : {}),
      ...(passwordFile ? { MLFLOW_TRACKING_USERNAME: registryUser } : {}),
    },
    files: passwordFile ? { TOLLGATE_REGISTRY_PASSWORD_FILE: passwordFile } : {},
    lines: passwordFile ? [`export MLFLOW_TRACKING_PASSWORD="$(cat ${quoted(passwordFile)})"`] : [],
  };
}

/** A text as one word of a shell. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
