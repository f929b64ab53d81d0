import type { Engine } from "../engine";
import { ensurePlugin, type EnsurePluginOptions } from "./ensure";
import type { Plugin } from "./plugin";
import { dockerRecipe, kubernetesRecipe } from "./recipes";

export { DOCKER, findPlugin, KUBERNETES, type Plugin, type PluginRelease } from "./plugin";
export type { EnsurePluginOptions, PluginMakers } from "./ensure";

/** The plugin for stacks that run in a cluster: see `ensurePlugin`. */
export function ensureKubernetesPlugin(
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  options: EnsurePluginOptions = {},
): Promise<Plugin> {
  return ensurePlugin(kubernetesRecipe, engine, environment, options);
}

/** The plugin for stacks that run as containers of one Docker host: see `ensurePlugin`. */
export function ensureDockerPlugin(
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  options: EnsurePluginOptions = {},
): Promise<Plugin> {
  return ensurePlugin(dockerRecipe, engine, environment, options);
}
