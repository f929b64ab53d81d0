import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { onPath } from "../../toolchain/processes";
import { imageVariable, variables } from "../support/cluster";
import { command, mustRun, type Environment } from "./command";

const node = (name: string) => path.join(__dirname, "node", name);
const images = path.join(__dirname, "images", "main.ts");
/** Whoever else uses the cluster keeps it. */
const hold = ["--hold", "tollgate-test"];

/** Notes a part of the work and how long it took. */
export type Step = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Why this machine can't have a cluster of its own, in one sentence; null when it can. */
export function whyNot(): string | null {
  const way = `or set ${variables.kubeconfig} to use a cluster you have (CONTRIBUTING.md)`;
  if (process.getuid?.() !== 0)
    return `The test cluster is started by root: run this as root, ${way}.`;
  if (!/^VERSION_CODENAME=bookworm$/m.test(read("/etc/os-release"))) {
    return `The test cluster is made for Debian 12: run this on such a machine, ${way}.`;
  }
  if (onPath("go").length === 0) {
    return `The test cluster is compiled by Go, and go is not on PATH: install it, ${way}.`;
  }
  return null;
}

/** Builds what the cache lacks, starts the cluster and fills it. Gives what specs need in their environment. */
export async function bringUp(step: Step, signal: AbortSignal): Promise<Environment> {
  await step("building the cluster", () => mustRun(node("build"), [], { signal }));
  const kubeconfig = await step("starting it", () => output(node("up"), hold, signal));
  // Side by side, as Argo is mostly waited for; neither is left running when the other fails.
  const [loaded, argo] = await Promise.allSettled([
    step("images", () => output(process.execPath, ["--import", "tsx", images], signal)),
    step("Argo Rollouts", () => mustRun(node("argo"), [], { signal })),
  ]);
  if (loaded.status === "rejected") throw loaded.reason;
  if (argo.status === "rejected") throw argo.reason;
  const lines = loaded.value.split("\n").map((line) => /^(\w+)=(.+)$/.exec(line)!);
  return {
    ...Object.fromEntries(lines.map(([, name, reference]) => [imageVariable(name!), reference!])),
    [variables.kubeconfig]: kubeconfig,
    KUBECONFIG: kubeconfig,
    PATH: [path.join(clusterCache(), "bin"), process.env["PATH"]].join(path.delimiter),
  };
}

/** Gives the cluster up. When it was ours alone, nothing of it runs on; the cache stays. */
export async function takeDown(): Promise<void> {
  await command(node("down"), hold);
  console.log(`What stays: the cache in ${clusterCache()}, and Debian packages that were missing.`);
}

/** Folder of the cluster's binaries and images, as its own commands find it. */
export function clusterCache(): string {
  const script = '. "$0"; echo "$CLUSTER_CACHE"';
  return execFileSync("bash", ["-c", script, node("lib.sh")], { encoding: "utf8" }).trim();
}

async function output(file: string, arguments_: readonly string[], signal: AbortSignal) {
  let text = "";
  await mustRun(file, arguments_, { signal, onOutput: (more) => (text += more) });
  return text.trim();
}

function read(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}
