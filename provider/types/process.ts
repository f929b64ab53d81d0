import { rmSync } from "node:fs";
import { relative, isAbsolute } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureProcess } from "../../processes/ensure";
import { homeOf, samePlace } from "../../processes/home";
import { inspectProcess, lifeOf } from "../../processes/inspect";
import type { ProcessInputs, ProcessOutputs } from "../../processes/process";
import { inputsOf, sameInputs, specHash } from "../../processes/spec";
import { stopProcess } from "../../processes/stop";
import { whoseSentence } from "../../processes/taken";
import { placeFailures } from "../place";
import type { CheckFailure, Difference, ResourceType } from "../resource-type";

/** A server process that outlives the command: started again by its keeper, kept by the next `up`, stopped by `destroy`. */
export const processType = {
  check(olds, news) {
    const failures = [...placeFailures(olds?.stateDir, news.stateDir), ...failuresOf(news)];
    return Promise.resolve({ inputs: news, failures });
  },

  async diff(_id, olds, news): Promise<Difference> {
    const replaces = [
      ...(olds.name === news.name ? [] : ["name"]),
      ...(samePlace(olds.stateDir, news.stateDir) ? [] : ["stateDir"]),
    ];
    if (replaces.length > 0) {
      // The old one has the port that the new one wants.
      return { changes: true, replaces, deleteBeforeReplace: true };
    }
    if (!sameInputs(olds, news) || olds.status !== "running") {
      return { changes: true };
    }
    const living = await inspectProcess(news.stateDir, news.name);
    const asAsked =
      living.state === "running" &&
      living.record.spec === specHash(news) &&
      // States of before keepers started servers again have the server's.
      [living.record.keeper.pid, living.record.child.pid].includes(olds.pid);
    return { changes: !asAsked || !living.healthy };
  },

  async create(inputs) {
    const { name, stateDir } = inputs;
    const before = lifeOf(stateDir, name);
    try {
      return { id: name, outputs: await ensureProcess(inputs, null) };
    } catch (error) {
      // No resource stands for it, so its record would tell of a dead process for ever. The log stays.
      if (before.state !== "running") await stopProcess(stateDir, name).catch(() => undefined);
      throw error;
    }
  },

  async update(_id, olds, news) {
    const before = lifeOf(olds.stateDir, olds.name);
    const known = { main: olds.boundPort, ...olds.ports };
    try {
      return await ensureProcess(news, known);
    } catch (error) {
      if (before.state !== "running" || before.record.spec === specHash(news)) {
        throw error;
      }
      const after = await bringBack(inputsOf(olds), known);
      throw new Error(`${(error as Error).message}; ${after}`);
    }
  },

  async read(_id, recorded) {
    const living = await inspectProcess(recorded.stateDir, recorded.name);
    if (living.state === "absent") {
      return null;
    }
    const { main, ...ports } = living.record.ports;
    const changed = living.record.spec !== specHash(inputsOf(recorded));
    return {
      ...recorded,
      boundPort: main,
      ports,
      pid: living.state === "running" ? living.record.keeper.pid : 0,
      status: living.healthy && changed ? "changed (started from other inputs)" : living.status,
    };
  },

  async delete(_id, recorded) {
    const { name, stateDir, warmSeconds } = recorded;
    refuseLost(recorded);
    if (warmSeconds > 0 && lifeOf(stateDir, name).state === "running") {
      await sleep(warmSeconds * 1000);
    }
    await stopProcess(stateDir, name);
    for (const path of recorded.deleteData ? recorded.dataPaths : []) {
      if (isBelow(stateDir, path)) {
        rmSync(path, { recursive: true, force: true });
      }
    }
  },
} satisfies ResourceType<ProcessInputs, ProcessOutputs>;

/**
 * Whoever moves or deletes the folder of a process takes its records away, and it runs on: the engine would forget it.
 *
 * @throws one sentence that says where it is and how it is ended
 */
function refuseLost({ name, stateDir, pid }: ProcessOutputs): void {
  if (!(pid > 0) || lifeOf(stateDir, name).state !== "absent") return;
  const home = homeOf(pid);
  if (home?.name !== name) return;
  throw new Error(`${stateDir} has no record of ${whoseSentence(home)} and run this again`);
}

/** Starts the former process again. Returns how that went, to be added to the reason of the failure. */
async function bringBack(
  olds: ProcessInputs,
  known: { main: number; [name: string]: number },
): Promise<string> {
  try {
    await ensureProcess(olds, known);
    return "the one before it runs again";
  } catch (error) {
    return `the one before it could not be started again either: ${(error as Error).message}`;
  }
}

function failuresOf(news: ProcessInputs): CheckFailure[] {
  return news.dataPaths
    .filter((path) => !isBelow(news.stateDir, path))
    .map((path) => ({
      property: "dataPaths",
      reason: `"${path}" is not inside ${news.stateDir}; only a stack's own data may be deleted with it`,
    }));
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
