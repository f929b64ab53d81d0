import path from "node:path";
import { cacheDir } from "../cache";
import type { Engine } from "../engine";
import { InstallError, installed, installOnce, isDiskFull } from "../install";
import { withProgress, type Progress } from "../progress";
import { buildPlugin } from "./build";
import { executableOf, findPlugin, inWords, type Plugin, type PluginRelease } from "./plugin";
import type { Recipe } from "./recipes";
import { downloadPlugin, installPlugin } from "./vendor";

/** How a plugin is had; each throws why it can't be, as a clause. */
export interface PluginMakers {
  /** Downloads it into the engine's home. */
  readonly vendor: typeof downloadPlugin;
  /** Builds it in an empty folder. */
  readonly build: (recipe: Recipe, folder: string, progress: Progress) => Promise<void>;
}

export interface EnsurePluginOptions {
  /** Told what is being done. @default shown on stderr with the elapsed time */
  readonly progress?: Progress;
  /** How plugins are had; tests put their own here. */
  readonly makers?: PluginMakers;
}

/**
 * A plugin, got first when the engine has none: from what was built here before, from the vendor, or built with Go,
 * which takes minutes once. Afterwards plain `pulumi` finds it too, wherever `PULUMI_HOME` is the same.
 *
 * @param environment what the engine runs in: see `engineEnvironment`
 * @throws one sentence with what was tried and what to do
 */
export async function ensurePlugin(
  recipe: Recipe,
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  { progress, makers = { vendor: downloadPlugin, build: buildPlugin } }: EnsurePluginOptions = {},
): Promise<Plugin> {
  const { release } = recipe;
  const found = findPlugin(release, environment);
  if (found) return found;
  const get = (report: Progress) => getPlugin(recipe, engine, environment, report, makers);
  try {
    await (progress ? get(progress) : withProgress(get));
  } catch (error) {
    throw isDiskFull(error) ? fullDisk(release, environment) : error;
  }
  const got = findPlugin(release, environment);
  if (got) return got;
  throw new Error(
    `The ${inWords(release)} was installed, and yet ${engine.binary} has none in its home: run \`${byHand(release)}\`.`,
  );
}

async function getPlugin(
  recipe: Recipe,
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
  makers: PluginMakers,
): Promise<void> {
  const { release } = recipe;
  const { name, version } = release;
  const what = inWords(release);
  const target = path.join(cacheDir(), "plugins", `${name}-${version}`);
  const tried: string[] = [];
  if (!installed(target)) {
    try {
      return await makers.vendor(release, engine, environment, progress);
    } catch (error) {
      if (isDiskFull(error)) throw error;
      tried.push((error as Error).message);
    }
  }
  try {
    await installOnce({
      what,
      target,
      progress,
      make: async (folder) => {
        await makers.build(recipe, folder, progress);
        return { version };
      },
    });
    progress(`Installing the ${what}`);
    await installPlugin(release, engine, environment, path.join(target, executableOf(release)));
  } catch (error) {
    if (error instanceof InstallError || isDiskFull(error)) throw error;
    tried.push((error as Error).message);
    throw new Error(
      `There is no ${what}: ${tried.join("; ")}; run \`${byHand(release)}\` where the internet can be reached, or install ` +
        "Go 1.21 or newer so that it can be built here.",
    );
  }
}

function byHand({ name, version }: PluginRelease): string {
  return `pulumi plugin install resource ${name} ${version}`;
}

function fullDisk(release: PluginRelease, environment: NodeJS.ProcessEnv): InstallError {
  return new InstallError(
    `The disk is full, so the ${inWords(release)} could not be installed in ${environment["PULUMI_HOME"]}: free about ` +
      "1 GB there, or set PULUMI_HOME to a folder on another disk, and run the command again.",
  );
}
