import fs from "node:fs";
import path from "node:path";
import type { Status } from "../../../cli/status";
import { names } from "../../../runtimes/kubernetes/names";
import type { TestCluster } from "../../support/cluster";
import { clusterProject, type ClusterProject } from "../../support/cluster-project";
import { type LoadResult, startLoad } from "../../support/load";
import type { CommandResult } from "../../support/project";
import { type Ended, killAt } from "../../support/kills";

type Config = Record<string, unknown>;

const stack = "staging";
/** A row like those that versions are trained on. */
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];
/** One that `narrow` fails on. */
const farRow = [-50, ...row.slice(1)];

/** What callers of both kinds saw: every tenth request has a row that is far from the others. */
export interface Callers {
  readonly usual: LoadResult;
  readonly far: LoadResult;
}

/** How far a Rollout is, as far as specs look at it. */
interface Rollout {
  readonly spec: { readonly paused?: boolean };
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly phase?: string;
    readonly observedGeneration?: string;
    readonly updatedReplicas?: number;
  };
}

/** One environment in the test cluster, and what a team does with it. */
export class Environment {
  private constructor(
    private readonly cluster: TestCluster,
    private readonly made: ClusterProject,
  ) {}

  static async create(
    cluster: TestCluster,
    change: (config: Config) => void,
  ): Promise<Environment> {
    const made = await clusterProject(cluster, [stack], (config) => {
      const train = config["tollgate:train"] as Config;
      config["tollgate:train"] = { ...train, command: ["python", "train_narrow.py"] };
      change(config);
    });
    const script = "train_narrow.py";
    fs.copyFileSync(path.join(__dirname, script), path.join(made.project.dir, script));
    made.project.commit("Train the narrow model as well");
    return new Environment(cluster, made);
  }

  dispose(): Promise<void> {
    return this.made.dispose();
  }

  diagnosis(): Promise<string> {
    return this.made.diagnosis(stack);
  }

  kubectl(...args: string[]): Promise<string> {
    return this.made.kubectl(stack, ...args);
  }

  get<T>(...args: string[]): Promise<T> {
    return this.cluster.get<T>("--namespace", this.made.namespaces[stack]!, ...args);
  }

  tollgate(...args: string[]): Promise<CommandResult> {
    return this.made.project.tollgate([...args, "--stack", stack]);
  }

  must(...args: string[]): Promise<CommandResult> {
    return this.made.project.must(...args, "--stack", stack);
  }

  /** `tollgate <args>`, killed with all it started once a moment has come. */
  killedAt(args: readonly string[], moment: () => Promise<boolean>): Promise<Ended> {
    return killAt(this.made.project.dir, [...args, "--stack", stack], moment, "everything");
  }

  preview(): Promise<CommandResult> {
    return this.made.project.pulumi(["preview", "--stack", stack, "--expect-no-changes"]);
  }

  configure(change: (config: Config) => void): void {
    this.made.project.configure(stack, change);
    this.made.project.commit("Change the settings");
  }

  async pin(version: string): Promise<void> {
    await this.must("pin", version);
    this.made.project.commit(`Pin version ${version}`);
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.tollgate("status", "--json")).stdout) as Status;
  }

  /** Versions that have a receipt, oldest first. */
  receipts(): string[] {
    const file = path.join(this.made.project.stateDir(stack), "receipts.jsonl");
    const lines = fs.readFileSync(file, "utf8").trim().split("\n");
    return lines.map((line) => (JSON.parse(line) as { pin: { version: string } }).pin.version);
  }

  /** The version that the alias is on, as the registry says it. */
  alias(): Promise<string> {
    return this.made.alias(stack);
  }

  /** The version that callers get, each asked for over a connection of its own. */
  async served(): Promise<string[]> {
    const seen = new Set<string>();
    for (let asked = 0; asked < 20; asked += 1) {
      const headers = { connection: "close" };
      const answer = await fetch(`${this.made.url(stack)}/health`, { headers });
      seen.add(((await answer.json()) as { version: string }).version);
    }
    return [...seen];
  }

  rollout(): Promise<Rollout> {
    return this.get<Rollout>("rollout", names.scorer);
  }

  /** Callers send requests while something is done. */
  async underLoad<T>(
    work: () => Promise<T>,
    perSecond = 100,
  ): Promise<{ result: T; callers: Callers }> {
    const url = this.made.url(stack);
    const usual = startLoad(url, { perSecond: 0.9 * perSecond, features: row });
    const far = startLoad(url, { perSecond: 0.1 * perSecond, features: farRow });
    let callers: Callers;
    let result: T;
    try {
      result = await work();
    } finally {
      callers = { usual: await usual.stop(), far: await far.stop() };
    }
    return { result, callers };
  }
}
