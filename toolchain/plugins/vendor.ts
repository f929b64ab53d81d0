import { tmpdir } from "node:os";
import type { Engine } from "../engine";
import { pulumi, reach, type Vendor } from "../engine/vendor";
import { isDiskFull } from "../install";
import { run, type RunError } from "../processes";
import type { Progress } from "../progress";
import { inWords, type PluginRelease } from "./plugin";

/** Variable by which users send the engine to a mirror of plugins of their own. */
const MIRRORS = "PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES";

/**
 * Lets the engine download a plugin into its home. Throws why it can't, as a clause. The vendor is asked first: the
 * engine itself would try six times, each until the connection times out.
 */
export async function downloadPlugin(
  release: PluginRelease,
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
  vendor: Pick<Vendor, "address" | "patienceMs"> = pulumi,
): Promise<void> {
  const mirror = environment[MIRRORS];
  if (!mirror) {
    progress(`Asking ${vendor.address} for the Pulumi ${release.title} plugin`);
    await reach(vendor);
  }
  progress(`Downloading the ${inWords(release)}`);
  try {
    await installPlugin(release, engine, environment);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    const from = mirror ? `the address in ${MIRRORS}` : vendor.address;
    throw new Error(`the download from ${from} failed (${lastError(error as RunError)})`);
  }
}

/**
 * Puts a plugin where the engine looks for it: downloaded, or as the file given. The engine does it itself, under
 * locks of its own, so that two at once don't harm each other.
 *
 * @throws RunError
 */
export async function installPlugin(
  { name, version }: PluginRelease,
  engine: Pick<Engine, "binary">,
  environment: NodeJS.ProcessEnv,
  file?: string,
): Promise<void> {
  const plugin = ["plugin", "install", "resource", name, version];
  // Not in a project's folder: the engine would read its Pulumi.yaml.
  await run(engine.binary, [...plugin, ...(file ? ["--file", file] : [])], {
    cwd: tmpdir(),
    env: environment,
  });
}

/** What the engine gave as its reason. */
function lastError({ output, message }: RunError): string {
  const lines = output.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line.startsWith("error: "))?.slice("error: ".length) ?? message;
}
