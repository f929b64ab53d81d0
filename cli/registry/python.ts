import { delimiter, join } from "node:path";
import { releasePlace, type Settings } from "../../config/settings";
import { root } from "../context";

/** The locked Python environment of a stack, and the variables that point MLflow's own client at its registry. */
export interface PythonPlace {
  /** The interpreter, absolute. */
  python: string;
  environment: NodeJS.ProcessEnv;
}

/** Makes the environment when it is missing, with progress on stderr. */
export async function pythonFor(settings: Settings): Promise<PythonPlace> {
  const { ensurePython } = await import("../../toolchain/python");
  const { dir, python } = await ensurePython(settings.requirements);
  return {
    python,
    environment: {
      ...process.env,
      ...(await registryVariables(settings)),
      ...pythonVariables(dir),
    },
  };
}

function pythonVariables(dir: string): NodeJS.ProcessEnv {
  return {
    PATH: [join(dir, "bin"), process.env.PATH].filter(Boolean).join(delimiter),
    PYTHONPATH: [join(root, "serving"), process.env.PYTHONPATH].filter(Boolean).join(delimiter),
    PYTHONUNBUFFERED: "1",
    VIRTUAL_ENV: dir,
  };
}

/**
 * What an ordinary MLflow client reads. The password of an environment's own registry comes from where it is kept; the
 * token of another one from the variable that the settings name.
 */
export async function registryVariables(
  settings: Settings,
  environment = process.env,
): Promise<NodeJS.ProcessEnv> {
  const { ownCredentials } = await import("../../config/registry");
  const { uri, caFile, tokenVariable, credentials } = settings.trackingServer;
  const own = await ownCredentials(credentials, releasePlace(settings).cluster)?.();
  const token = own ? undefined : environment[tokenVariable];
  return {
    MLFLOW_TRACKING_URI: uri,
    MLFLOW_REGISTRY_URI: uri,
    MLFLOW_DISABLE_TELEMETRY: "true",
    ...(token ? { MLFLOW_TRACKING_TOKEN: token } : {}),
    ...(own
      ? {
          MLFLOW_TRACKING_TOKEN: own.token,
          MLFLOW_TRACKING_USERNAME: own.username,
          MLFLOW_TRACKING_PASSWORD: own.password,
        }
      : {}),
    ...(caFile ? { MLFLOW_TRACKING_SERVER_CERT_PATH: caFile } : {}),
  };
}
