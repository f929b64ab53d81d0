import { setPin } from "../../config/stack-file";
import type { ClusterProject } from "../../test/support/cluster-project";
import { type Comparison, comparison, note, succeeded } from "../compare";
import type { PlainDeployment } from "./plain";
import { TrafficWatch } from "./traffic";

/** Highest ratio that is promised, gates and watching apart. */
const promise = 1.5;
/** Between two looks whether the pods of the run before have ended. */
const pauseMs = 500;

export interface Pin {
  readonly version: string;
  readonly digest: string;
}

/** Milliseconds from Enter. */
interface Moved {
  /** Until no caller got another version any more. */
  readonly traffic: number;
  /** Until the command ended. */
  readonly command: number;
}

/** Everything that is timed, by what it is called in the result. */
const rows = {
  ours: "tollgate, gates and watching apart, until all have it",
  plain: (command: string) => `kubectl ${command}, rollout status`,
  command: "tollgate, gates and watching apart, to its end",
  gates: "tollgate as staging has it, until all have it",
  whole: "tollgate as staging has it, to its end",
};

/**
 * Releases the second version over the first and goes back, again and again, in turn with a plain Deployment whose pods
 * are the same. The project serves the first, and both are released before.
 */
export async function releases(
  project: ClusterProject,
  stack: string,
  pins: readonly [first: Pin, second: Pin],
  plain: PlainDeployment,
  rounds: number,
): Promise<Comparison[]> {
  const [first, second] = pins;
  const release = new Timed(rows.plain("set image"));
  const rollback = new Timed(rows.plain("rollout undo"));
  const forth = async () => {
    setPin(project.project.dir, stack, second);
    return moved(project, stack, "up", second);
  };
  const back = () => moved(project, stack, "rollback", first);
  for (let round = 1; round <= rounds; round += 1) {
    note(`releases and rollbacks, round ${round} of ${rounds}`);
    await withoutGates(project, stack, async () => {
      release.ours(await settled(project, stack, forth));
      rollback.ours(await settled(project, stack, back));
    });
    release.plain(await settled(project, stack, () => timed(() => plain.setImage())));
    rollback.plain(await settled(project, stack, () => timed(() => plain.undo())));
    release.whole(await settled(project, stack, forth));
    rollback.whole(await settled(project, stack, back));
  }
  return [
    comparison("release of a version", promise, release.times),
    comparison("rollback to the version before", promise, rollback.times),
  ];
}

class Timed {
  readonly times: Record<string, number[]>;

  constructor(private readonly plainRow: string) {
    // In the order of the result: ours and the contender are the first two.
    const names = [rows.ours, plainRow, rows.command, rows.gates, rows.whole];
    this.times = Object.fromEntries(names.map((name) => [name, []]));
  }

  ours({ traffic, command }: Moved): void {
    this.times[rows.ours]!.push(traffic);
    this.times[rows.command]!.push(command);
  }

  plain(ms: number): void {
    this.times[this.plainRow]!.push(ms);
  }

  whole({ traffic, command }: Moved): void {
    this.times[rows.gates]!.push(traffic);
    this.times[rows.whole]!.push(command);
  }
}

/** Runs `tollgate up` or `rollback` while a caller watches. */
async function moved(
  project: ClusterProject,
  stack: string,
  verb: "up" | "rollback",
  { version }: Pin,
): Promise<Moved> {
  const watch = new TrafficWatch(project.url(stack), version);
  const began = performance.now();
  const result = await project.project.tollgate([verb, "--stack", stack]);
  const ended = performance.now();
  const { allSince, failed } = await watch.stop();
  succeeded(`tollgate ${verb}`, result);
  if (failed > 0) throw new Error(`${failed} callers got no answer during tollgate ${verb}.`);
  if (allSince >= ended) throw new Error(`tollgate ${verb} ended before all had ${version}.`);
  return { traffic: allSince - began, command: ended - began };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** With no gates and no watching, as if both took no time. The rest is checked as ever. */
async function withoutGates(
  { project }: ClusterProject,
  stack: string,
  work: () => Promise<void>,
): Promise<void> {
  let before: Record<string, unknown> = {};
  project.configure(stack, (config) => {
    before = { ...config };
    config["tollgate:gates"] = { level: "disabled" };
    config["tollgate:release"] = { ...(before["tollgate:release"] as object), watchSeconds: 0 };
  });
  try {
    await work();
  } finally {
    project.configure(stack, (config) => {
      for (const key of ["tollgate:gates", "tollgate:release"]) config[key] = before[key];
    });
  }
}

/** Waits first until pods of the run before have ended: they have the machine's processors too. */
async function settled<T>(
  project: ClusterProject,
  stack: string,
  work: () => Promise<T>,
): Promise<T> {
  const ending = ["get", "pods", "--output", "jsonpath={.items[*].metadata.deletionTimestamp}"];
  while ((await project.kubectl(stack, ...ending)).trim() !== "") {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return work();
}
