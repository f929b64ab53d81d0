import {
  type ExitRecord,
  type HaltRecord,
  readRecord,
  type RunningRecord,
  runFolder,
} from "./folder";
import { healthProblem } from "./health";
import { isOwn } from "./home";
import { isAlive } from "./identity";
import type { ProcessInputs } from "./process";

/** What the records and the process table say about a kept process, without asking its port. */
export type Life =
  | { readonly state: "absent" }
  | {
      readonly state: "running";
      readonly record: RunningRecord;
      /** What the keeper did by itself; null when nothing ended since it was started. */
      readonly restarted: Restarted | null;
    }
  /** Somebody had it stopped, and it is to start again with the next `up`. */
  | { readonly state: "stopped"; readonly record: RunningRecord }
  | { readonly state: "dead"; readonly record: RunningRecord; readonly reason: string };

/** How often a keeper started its server again. */
export interface Restarted {
  readonly count: number;
  /** How the server ended the last time, such as `SIGKILL`. */
  readonly lastExit: string;
  /** ISO time of that. */
  readonly at: string;
}

/** `Life` with its health. `status` is what users read: `running`, `stopped`, `dead (…)`, `unhealthy (…)`, `absent`. */
export type Inspection = Life & { readonly status: string; readonly healthy: boolean };

/** Is it alive? Reads two records and the process table. */
export function lifeOf(stateDir: string, name: string): Life {
  const folder = runFolder(stateDir, name);
  const record = readRecord<RunningRecord>(folder, "pid.json");
  if (!record) {
    return { state: "absent" };
  }
  const childAlive = isAlive(record.child);
  const keeperAlive = isAlive(record.keeper);
  if ((childAlive || keeperAlive) && !isOwn(stateDir, name, record)) {
    return { state: "absent" };
  }
  if (childAlive && keeperAlive) {
    return { state: "running", record, restarted: restartedOf(folder, record) };
  }
  const halted = readRecord<HaltRecord>(folder, "halted.json");
  if (!childAlive && halted?.child === record.child.pid) {
    return { state: "stopped", record };
  }
  const reason = childAlive
    ? `its keeper is gone, pid ${record.child.pid} runs on without log`
    : reasonOfDeath(folder, record, keeperAlive);
  return { state: "dead", record, reason };
}

/** Is it alive and does it answer? At most one request to its health address. */
export async function inspectProcess(stateDir: string, name: string): Promise<Inspection> {
  const life = lifeOf(stateDir, name);
  if (life.state === "absent") {
    return { ...life, status: "absent", healthy: false };
  }
  if (life.state === "stopped") {
    return { ...life, status: "stopped", healthy: false };
  }
  if (life.state === "dead") {
    return { ...life, status: `dead (${life.reason})`, healthy: false };
  }
  const spec = readRecord<ProcessInputs>(runFolder(stateDir, name), "spec.json");
  const problem = spec
    ? await healthProblem(spec.health, spec.host, life.record.ports.main)
    : "its spec.json is missing";
  const status = problem ? `unhealthy (${problem})` : "running";
  return { ...life, status, healthy: problem === null };
}

function restartedOf(folder: string, { restarts = 0 }: RunningRecord): Restarted | null {
  const exit = readRecord<ExitRecord>(folder, "exit.json");
  return restarts > 0 && exit ? { count: restarts, lastExit: howOf(exit), at: exit.at } : null;
}

function howOf({ error, signal, code }: ExitRecord): string {
  if (error !== undefined) return `it couldn't be started: ${error}`;
  return signal ?? `exit code ${code}`;
}

function reasonOfDeath(folder: string, record: RunningRecord, keeperAlive: boolean): string {
  const exit = readRecord<ExitRecord>(folder, "exit.json");
  if (exit?.child === record.child.pid) {
    const again = keeperAlive && exit.again ? `; its keeper starts it again at ${exit.again}` : "";
    return `${howOf(exit)} at ${exit.at}${again}`;
  }
  return keeperAlive
    ? "it ended just now"
    : "killed together with its keeper, or the machine was restarted";
}
