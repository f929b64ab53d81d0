import { copyFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { isDiskFull } from "../install";
import type { Progress } from "../progress";
import { askVersion } from "./path";
import { ENGINE_VERSION } from "./engine";

/** How the vendor is reached; tests put their own here. */
export interface Vendor {
  /** Asked first, with a HEAD request. */
  readonly address: string;
  /** Milliseconds it may take to answer. */
  readonly patienceMs: number;
  /** Downloads the engine to `<folder>/bin`. */
  readonly download: (folder: string) => Promise<void>;
}

/** Pulumi itself, by the installer of its Automation API. */
export const pulumi: Vendor = {
  address: "https://get.pulumi.com/",
  patienceMs: 5_000,
  download: async (folder) => {
    const { PulumiCommand } = await import("@pulumi/pulumi/automation");
    const { SemVer } = await import("semver");
    await PulumiCommand.install({ root: folder, version: new SemVer(ENGINE_VERSION) });
  },
};

/** Downloads an engine with its language hosts into an empty folder. Throws why it can't, as a clause. */
export async function downloadEngine(
  folder: string,
  progress: Progress,
  vendor: Vendor = pulumi,
): Promise<void> {
  progress(`Asking ${vendor.address} for the Pulumi engine`);
  await reach(vendor);
  progress(`Downloading the Pulumi engine ${ENGINE_VERSION}`);
  try {
    await vendor.download(folder);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    const [first] = (error as Error).message.trim().split("\n");
    throw new Error(`the download from ${vendor.address} failed (${first})`);
  }
  const bin = path.join(folder, "bin");
  for (const name of readdirSync(bin)) copyFileSync(path.join(bin, name), path.join(folder, name));
  rmSync(bin, { recursive: true });
  if (!(await askVersion(path.join(folder, "pulumi")))) {
    throw new Error(`what ${vendor.address} delivered doesn't run on this machine`);
  }
}

/** Asks the vendor for a sign of life. Throws why there is none, as a clause. */
export async function reach({
  address,
  patienceMs,
}: Pick<Vendor, "address" | "patienceMs">): Promise<void> {
  const { request, EnvHttpProxyAgent } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const answer = await request(address, {
      method: "HEAD",
      dispatcher,
      signal: AbortSignal.timeout(patienceMs),
    });
    if (answer.statusCode >= 400) throw new Error(`${address} answered ${answer.statusCode}`);
  } catch (error) {
    const { name, message } = error as Error;
    const silent = name === "TimeoutError" || name === "AbortError";
    throw new Error(
      silent
        ? `${address} didn't answer within ${patienceMs / 1000} s`
        : `${address} can't be reached (${message})`,
    );
  } finally {
    await dispatcher.destroy();
  }
}
