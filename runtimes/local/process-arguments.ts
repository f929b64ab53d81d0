import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings";
import type { ProcessInputs } from "../../processes/process";

/** A value that another resource gives once it runs. */
export type Given = pulumi.Input<string>;

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

/** Path of the Python launcher of that name. */
export function launcherFile(paths: LocalPaths, name: string): string {
  return join(paths.root, "runtimes", "local", "servers", `${name}.py`);
}

/** How every command of a launcher begins; its keeper chooses the port. */
export function launcherCommand(paths: LocalPaths, name: string, host = "127.0.0.1"): string[] {
  return [paths.python, launcherFile(paths, name), "--host", host, "--port", "{port}"];
}

/** A process with everything that most have in common, and no command yet. */
export function processDefaults(
  settings: Settings,
  paths: LocalPaths,
  name: string,
): ProcessArguments {
  return {
    name,
    stateDir: settings.stateDir,
    // Without site packages and user settings: small, and at work in 20 ms.
    keeper: [paths.python, "-S", "-s", "-E", launcherFile(paths, "keeper")],
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
