import path from "node:path";
import { cacheDir } from "../cache";
import type { Engine } from "../engine";
import { InstallError, installed, installOnce, isDiskFull } from "../install";
import { withProgress, type Progress } from "../progress";
import { buildPlugin } from "./build";
import { findKubernetesPlugin, KUBERNETES_VERSION, PLUGIN_NAME, type Plugin } from "./plugin";
import { downloadPlugin, installPlugin } from "./vendor";

export { findKubernetesPlugin, KUBERNETES_VERSION, type Plugin } from "./plugin";

/** How a plugin is had; each throws why it can't be, as a clause. */
export interface PluginMakers {
  /** Downloads it into the engine's home. */
  readonly vendor: typeof downloadPlugin;
  /** Builds it in an empty folder. */
  readonly build: (folder: string, progress: Progress) => Promise<void>;
}

export interface EnsurePluginOptions {
  /** Told what is being done. @default shown on stderr with the elapsed time */
  readonly progress?: Progress;
  /** How plugins are had; tests put their own here. */
  readonly makers?: PluginMakers;
}

const WHAT = `Pulumi Kubernetes plugin ${KUBERNETES_VERSION}`;
const BY_HAND = `pulumi plugin install resource kubernetes ${KUBERNETES_VERSION}`;

/**
 * The Pulumi Kubernetes plugin, got first when the engine has none: from what was built here before, from the vendor,
 * or built with Go, which takes about 8 minutes once. Only stacks that run in a cluster need it. Afterwards plain
 * `pulumi` finds it too, wherever `PULUMI_HOME` is the same.
 *
 * @param environment what the engine runs in: see `engineEnvironment`
 * @throws one sentence with what was tried and what to do
 */
export async function ensureKubernetesPlugin(
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  { progress, makers = { vendor: downloadPlugin, build: buildPlugin } }: EnsurePluginOptions = {},
): Promise<Plugin> {
  const found = findKubernetesPlugin(environment);
  if (found) return found;
  const get = (report: Progress) => getPlugin(engine, environment, report, makers);
  try {
    await (progress ? get(progress) : withProgress(get));
  } catch (error) {
    throw isDiskFull(error) ? fullDisk(environment) : error;
  }
  const got = findKubernetesPlugin(environment);
  if (got) return got;
  throw new Error(
    `The ${WHAT} was installed, and yet ${engine.binary} has none in its home: run \`${BY_HAND}\`.`,
  );
}

async function getPlugin(
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
  makers: PluginMakers,
): Promise<void> {
  const target = path.join(cacheDir(), "plugins", `kubernetes-${KUBERNETES_VERSION}`);
  const tried: string[] = [];
  if (!installed(target)) {
    try {
      return await makers.vendor(engine, environment, progress);
    } catch (error) {
      if (isDiskFull(error)) throw error;
      tried.push((error as Error).message);
    }
  }
  try {
    await installOnce({
      what: WHAT,
      target,
      progress,
      make: async (folder) => {
        await makers.build(folder, progress);
        return { version: KUBERNETES_VERSION };
      },
    });
    progress(`Installing the ${WHAT}`);
    await installPlugin(engine, environment, path.join(target, PLUGIN_NAME));
  } catch (error) {
    if (error instanceof InstallError || isDiskFull(error)) throw error;
    tried.push((error as Error).message);
    throw new Error(
      `There is no ${WHAT}: ${tried.join("; ")}; run \`${BY_HAND}\` where the internet can be reached, or install Go ` +
        "1.21 or newer so that it can be built here.",
    );
  }
}

function fullDisk(environment: NodeJS.ProcessEnv): InstallError {
  return new InstallError(
    `The disk is full, so the ${WHAT} could not be installed in ${environment["PULUMI_HOME"]}: free about 1 GB there, ` +
      "or set PULUMI_HOME to a folder on another disk, and run the command again.",
  );
}
