import { existsSync } from "node:fs";
import path from "node:path";
import { homedir } from "node:os";
import { isExecutable, onPath } from "../processes";

/** A resource plugin of the engine, in the version that we use. */
export interface PluginRelease {
  /** As the engine calls it: `kubernetes`. */
  readonly name: string;
  /** As people write it: `Kubernetes`. */
  readonly title: string;
  /** What its package in package.json asks the engine for. */
  readonly version: string;
}

/** Of `@pulumi/kubernetes`. */
export const KUBERNETES = {
  name: "kubernetes",
  title: "Kubernetes",
  version: "4.25.0",
} as const satisfies PluginRelease;

/** Of `@pulumi/docker`. */
export const DOCKER = {
  name: "docker",
  title: "Docker",
  version: "5.2.0",
} as const satisfies PluginRelease;

/** A plugin, where the engine finds it. */
export interface Plugin {
  /** Absolute path of the executable. */
  readonly file: string;
  /** `home`: among the engine's plugins, in our version. `path`: on PATH, which the engine prefers, in any version. */
  readonly source: "home" | "path";
}

/** Name under which the engine looks for the executable. */
export function executableOf({ name }: PluginRelease): string {
  return `pulumi-resource-${name}`;
}

/** What it is, for messages: `Pulumi Kubernetes plugin 4.25.0`. */
export function inWords({ title, version }: PluginRelease): string {
  return `Pulumi ${title} plugin ${version}`;
}

/** The plugin that the engine would use now, as the engine looks for it; null when there is none. Runs nothing. */
export function findPlugin(release: PluginRelease, environment: NodeJS.ProcessEnv): Plugin | null {
  const executable = executableOf(release);
  const ambient = !environment["PULUMI_IGNORE_AMBIENT_PLUGINS"];
  const [onIts] = ambient ? onPath(executable, environment["PATH"] ?? "") : [];
  if (onIts) return { file: onIts, source: "path" };
  const home = environment["PULUMI_HOME"] || path.join(homedir(), ".pulumi");
  const folder = path.join(home, "plugins", `resource-${release.name}-v${release.version}`);
  const file = path.join(folder, executable);
  return isInstalled(folder) && isExecutable(file) ? { file, source: "home" } : null;
}

/** The engine writes this file beside a plugin that it is still unpacking. */
function isInstalled(folder: string): boolean {
  return existsSync(folder) && !existsSync(`${folder}.partial`);
}
