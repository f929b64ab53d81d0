import { ok, type Part, wrong } from "../doctor-part";
import { findPlugin, type PluginRelease } from "./plugin";

/**
 * Is the engine's plugin there that a stack needs? For `doctor` of stacks that need it. Runs nothing.
 *
 * @param environment what the engine runs in: see `engineEnvironment`
 * @param fix the command that gets it
 */
export function pluginPart(
  release: PluginRelease,
  environment: NodeJS.ProcessEnv,
  fix: string,
): Part {
  const { title, version } = release;
  const part = `${title} plugin`;
  const plugin = findPlugin(release, environment);
  if (plugin) return ok(part, plugin.source === "home" ? version : null, plugin.file);
  return wrong(part, "missing", `${version} is not among the engine's plugins`, fix);
}
