import { existsSync } from "node:fs";
import path from "node:path";
import { homedir } from "node:os";
import { isExecutable, onPath } from "../processes";

/** The version that `@pulumi/kubernetes` in package.json asks the engine for. */
export const KUBERNETES_VERSION = "4.25.0";

/** Name under which the engine looks for it. */
export const PLUGIN_NAME = "pulumi-resource-kubernetes";

/** The Pulumi Kubernetes plugin, where the engine finds it. */
export interface Plugin {
  /** Absolute path of the executable. */
  readonly file: string;
  /** `home`: among the engine's plugins, in our version. `path`: on PATH, which the engine prefers, in any version. */
  readonly source: "home" | "path";
}

/** The plugin that the engine would use now, as the engine looks for it; null when there is none. Runs nothing. */
export function findKubernetesPlugin(environment: NodeJS.ProcessEnv): Plugin | null {
  const ambient = !environment["PULUMI_IGNORE_AMBIENT_PLUGINS"];
  const [onIts] = ambient ? onPath(PLUGIN_NAME, environment["PATH"] ?? "") : [];
  if (onIts) return { file: onIts, source: "path" };
  const home = environment["PULUMI_HOME"] || path.join(homedir(), ".pulumi");
  const folder = path.join(home, "plugins", `resource-kubernetes-v${KUBERNETES_VERSION}`);
  const file = path.join(folder, PLUGIN_NAME);
  return isInstalled(folder) && isExecutable(file) ? { file, source: "home" } : null;
}

/** The engine writes this file beside a plugin that it is still unpacking. */
function isInstalled(folder: string): boolean {
  return existsSync(folder) && !existsSync(`${folder}.partial`);
}
