// `npm run test:cluster`: brings a cluster up, loads images and Argo Rollouts into it, runs the specs of this folder and
// leaves the machine as it was, after Ctrl-C too. `npx tsx test/cluster/main.ts test/cluster/<name>.spec.ts` runs one.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { engineEnvironment, ensureEngine } from "../../toolchain/engine";
import { ensureKubernetesPlugin } from "../../toolchain/plugins";
import { onPath } from "../../toolchain/processes";
import { defaultRequirements, ensurePython } from "../../toolchain/python";
import { imageVariable, olderImage, testNames, variables } from "../support/cluster";
import { cluster as together, clusterAlone as alone } from "../suites.json";
import { runSuite, type Suite } from "../support/suite";
import { behaviours, imageName } from "./bad-scorer/behaviours";
import { command, type Environment } from "./command";
import { bringUp, takeDown, whyNot } from "./own-node";

const mocha = path.join(__dirname, "..", "..", "node_modules", "mocha", "bin", "mocha.js");
const progress = path.join(__dirname, "progress.ts");

/** On a cluster that the user gave; its images have to be given as well, as we can't push to it. */
function given(): string | null {
  const own = ["tollgate", olderImage, "postgres", "seaweedfs", "prometheus"];
  const missing = [...own, ...behaviours.map(imageName)]
    .map(imageVariable)
    .filter((name) => !process.env[name]);
  if (missing.length > 0) {
    return `${variables.kubeconfig} names a cluster, so set ${missing.join(", ")} to images that it can pull, by digest (docs/images.md), or unset it to have a cluster made.`;
  }
  return onPath("kubectl").length > 0 ? null : "kubectl is not on PATH: install it.";
}

/**
 * @param files what mocha is to run; empty: all specs
 * @param own whether the cluster was made for them, so that its daemons may be stopped
 */
async function runSpecs(
  suite: Suite,
  files: readonly string[],
  env: Environment,
  own: boolean,
): Promise<number> {
  const run = randomBytes(3).toString("hex");
  const all = { ...env, [variables.run]: run };
  try {
    if (files.length > 0) return await runMocha(suite, "specs", files, all);
    // Three files at a time: half of what they do is to wait for pods. Those that take longest come first.
    const besides = ["--parallel", "--jobs", "3", ...together];
    const status = await runMocha(suite, "specs, three files at a time", besides, all);
    if (suite.interrupted.aborted) return status;
    if (!own) {
      console.log("\n-- specs that stop a daemon of the node are left out: the cluster was given");
      return status;
    }
    return (await runMocha(suite, "specs that no other may run beside", alone, all)) || status;
  } finally {
    await suite.step("removing what the specs left", () => removeLeftovers(run, all));
  }
}

/** Of its own group, with what it started: all of it is ended, wherever Ctrl-C finds it. */
function runMocha(
  { step, interrupted: signal }: Suite,
  what: string,
  args: readonly string[],
  env: Environment,
): Promise<number> {
  const arguments_ = [mocha, "--require", progress, ...args];
  return step(what, () => command(process.execPath, arguments_, { env, signal }));
}

/** Specs remove what is theirs; those that were ended can't. */
async function removeLeftovers(run: string, env: Environment): Promise<void> {
  const list = async (kind: string) => {
    let names = "";
    const arguments_ = ["get", kind, "--output", "name"];
    await command("kubectl", arguments_, { env, onOutput: (text) => (names += text) });
    return names.split("\n").filter((name) => name.includes(testNames(run)));
  };
  for (const kind of ["namespaces", "clusterrolebindings", "clusterroles"]) {
    const left = await list(kind);
    if (left.length > 0) await command("kubectl", ["delete", ...left], { env });
  }
}

/** What every `up` of a spec needs. It may have to be built first, for minutes, which no spec should wait for. */
async function ensureTools(): Promise<void> {
  const engine = await ensureEngine();
  await ensureKubernetesPlugin(engine, engineEnvironment(engine, path.join(__dirname, "..", "..")));
  await ensurePython(defaultRequirements);
}

async function main(files: readonly string[], suite: Suite): Promise<number> {
  const { step, interrupted } = suite;
  const kubeconfig = process.env[variables.kubeconfig];
  const problem = kubeconfig ? given() : whyNot();
  if (problem) {
    console.error(problem);
    return 1;
  }
  await step("engine, plugin and Python", ensureTools);
  if (kubeconfig) return runSpecs(suite, files, { KUBECONFIG: kubeconfig }, false);
  try {
    const env = await bringUp(step, interrupted);
    return await runSpecs(suite, files, env, true);
  } finally {
    await step("taking the cluster down", takeDown);
  }
}

runSuite("putting the machine back as it was", main);
