// `npm run bench:cluster [-- --rounds N] [--json]`: previews, releases and rollbacks in a real cluster, as ratios in one
// run. It brings the test cluster up, or uses the one that TOLLGATE_TEST_KUBECONFIG names (CONTRIBUTING.md).
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { loadFromFile } from "../config/load";
import { bringUp, takeDown, whyNot } from "../test/cluster/own-node";
import { testCluster, type TestCluster, variables } from "../test/support/cluster";
import { clusterProject, type ClusterProject } from "../test/support/cluster-project";
import { ensureEngine } from "../toolchain/engine";
import { KUBERNETES } from "../toolchain/plugins/plugin";
import { PlainDeployment } from "./cluster/plain";
import { type Pin, releases } from "./cluster/releases";
import { compare, type Comparison, emptyProject, engineIn, note, print } from "./compare";

const root = path.join(__dirname, "..");
const stack = "staging";
/** Highest ratio of a preview to that of an empty program. */
const previewPromise = 4;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, json: { type: "boolean", default: false } },
});
const rounds = Number(options.rounds);

async function main(): Promise<void> {
  if (!(rounds >= 1)) throw new Error(`--rounds is ${options.rounds}: give 1 or more.`);
  if (process.env[variables.kubeconfig]) return measure(testCluster());
  const problem = whyNot();
  if (problem) throw new Error(problem);
  const interrupted = new AbortController();
  // A terminal's Ctrl-C ends the command that is being timed as well, and what follows here puts the machine back.
  process.once("SIGINT", () => interrupted.abort());
  try {
    const step = <T>(what: string, work: () => Promise<T>) => (note(what), work());
    Object.assign(process.env, await bringUp(step, interrupted.signal));
    await measure(testCluster());
  } finally {
    await takeDown();
  }
}

async function measure(cluster: TestCluster): Promise<void> {
  const versions = await contenders(cluster);
  note(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
  const loadBefore = os.loadavg()[0]!;
  const project = await clusterProject(cluster, [stack]);
  try {
    const pins = [await released(project, "1"), await released(project, "2", "n_estimators=120")];
    await project.project.must("rollback", "--stack", stack);
    const resources = await resourcesOf(project);
    const comparisons = [
      ...(await previews(project, resources)),
      ...(await moves(cluster, project, pins as [Pin, Pin])),
    ];
    const load = { before: loadBefore, after: os.loadavg()[0]! };
    if (options.json)
      console.log(JSON.stringify({ versions, rounds, resources, load, comparisons }));
    else report(comparisons, load);
    if (comparisons.some(({ ratio, promise }) => promise !== null && ratio > promise)) {
      process.exitCode = 1;
    }
  } finally {
    await project.dispose();
  }
}

function report(
  comparisons: readonly Comparison[],
  load: Record<"before" | "after", number>,
): void {
  comparisons.forEach(print);
  console.log(
    `\nmedians of ${rounds} on ${os.cpus().length} cores; load average ${load.before.toFixed(1)} before, ${load.after.toFixed(1)} after`,
  );
}

/** What is compared, with its version. */
async function contenders({ kubectl }: TestCluster): Promise<Record<string, string>> {
  const { clientVersion, serverVersion } = JSON.parse(
    await kubectl(["version", "--output", "json"]),
  ) as Record<"clientVersion" | "serverVersion", { gitVersion: string }>;
  return {
    pulumi: (await ensureEngine()).version,
    "its Kubernetes plugin": KUBERNETES.version,
    kubectl: clientVersion.gitVersion,
    Kubernetes: serverVersion.gitVersion,
    node: process.version,
  };
}

/** Trains, judges, pins and releases a version; the first one after an environment without any. */
async function released(
  { project }: ClusterProject,
  version: string,
  parameter?: string,
): Promise<Pin> {
  note(`making and releasing version ${version}`);
  const must = (...args: string[]) => project.must(...args, "--stack", stack);
  if (version === "1") await must("up");
  await must("train", ...(parameter ? ["--param", parameter] : []));
  await must("evaluate");
  await must("pin", version);
  await must("up");
  const { pin } = await loadFromFile(project.dir, stack);
  return { version, digest: pin!.digest };
}

/** How many resources the whole environment is, in the engine's state. */
async function resourcesOf({ project }: ClusterProject): Promise<number> {
  const { stdout } = await project.pulumi(["stack", "export", "--stack", stack]);
  const state = JSON.parse(stdout) as { deployment: { resources: unknown[] } };
  return state.deployment.resources.length;
}

/** Preview and no-change `up` of the whole environment, beside a program without resources. */
async function previews({ project }: ClusterProject, resources: number): Promise<Comparison[]> {
  const empty = await emptyProject();
  const pulumi = await engineIn(project.dir);
  const pack = ["--policy-pack", path.join(root, "policies"), "--stack", stack];
  const up = ["up", "--yes", "--skip-preview"];
  return [
    await compare(
      `preview of the whole environment (${resources} resources)`,
      previewPromise,
      rounds,
      {
        "environment, pack, registry and gates": () => pulumi(["preview", ...pack]),
        "empty JavaScript program": () => empty(["preview"]),
        "tollgate preview": () => project.tollgate(["preview", "--stack", stack]),
      },
    ),
    await compare("up with nothing to change, every object looked at", null, rounds, {
      "environment, pack, registry and gates": () => pulumi([...up, "--refresh", ...pack]),
      "empty JavaScript program": () => empty(up),
      "tollgate up": () => project.tollgate(["up", "--stack", stack]),
    }),
  ];
}

async function moves(
  cluster: TestCluster,
  project: ClusterProject,
  pins: [Pin, Pin],
): Promise<Comparison[]> {
  note("a plain Deployment with the same pods, to compare releases with");
  const apply = (manifest: string) => cluster.kubectl(["apply", "--filename", "-"], manifest);
  const plain = new PlainDeployment(project, stack, apply);
  await plain.create();
  return releases(project, stack, pins, plain, rounds);
}

void main().catch((error: Error) => {
  note(error.message);
  process.exitCode = 1;
});
