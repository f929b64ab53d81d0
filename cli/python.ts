import { delimiter, join } from "node:path";
import type { Settings } from "../config/settings";
import { root } from "./context";

/** The locked Python environment of a stack, and the variables that point MLflow's own client at its registry. */
export interface PythonPlace {
  /** The interpreter, absolute. */
  python: string;
  environment: NodeJS.ProcessEnv;
}

/** Makes the environment when it is missing, with progress on stderr. */
export async function pythonFor(settings: Settings): Promise<PythonPlace> {
  const { ensurePython } = await import("../toolchain/python");
  const { dir, python } = await ensurePython(settings.requirements);
  return {
    python,
    environment: { ...process.env, ...registryVariables(settings), ...pythonVariables(dir) },
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

/** What an ordinary MLflow client reads. The token comes from the variable that the settings name. */
export function registryVariables(
  { trackingServer }: Settings,
  environment = process.env,
): NodeJS.ProcessEnv {
  const { uri, caFile, tokenVariable } = trackingServer;
  const token = environment[tokenVariable];
  return {
    MLFLOW_TRACKING_URI: uri,
    MLFLOW_REGISTRY_URI: uri,
    MLFLOW_DISABLE_TELEMETRY: "true",
    ...(token ? { MLFLOW_TRACKING_TOKEN: token } : {}),
    ...(caFile ? { MLFLOW_TRACKING_SERVER_CERT_PATH: caFile } : {}),
  };
}
