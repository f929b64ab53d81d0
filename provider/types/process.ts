import { rmSync } from "node:fs";
import { relative, isAbsolute } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureProcess } from "../../runtimes/local/processes/ensure";
import { inspectProcess, lifeOf } from "../../runtimes/local/processes/inspect";
import { inputsOf, sameInputs, specHash } from "../../runtimes/local/processes/spec";
import { stopProcess } from "../../runtimes/local/processes/stop";
import type { ProcessInputs, ProcessOutputs } from "../inputs";
import type { CheckFailure, Difference, ResourceType } from "../resource-type";

/** A server process that outlives the command: kept by the next `up`, stopped by `destroy`. */
export const processType = {
  token: "tollgate:index:Process",

  check(_olds, news) {
    return Promise.resolve({ inputs: news, failures: failuresOf(news) });
  },

  async diff(_id, olds, news): Promise<Difference> {
    const replaces = (["name", "stateDir"] as const).filter((key) => olds[key] !== news[key]);
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
      living.record.child.pid === olds.pid;
    return { changes: !asAsked || !living.healthy };
  },

  async create(inputs) {
    return { id: inputs.name, outputs: await ensureProcess(inputs, null) };
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
      pid: living.state === "running" ? living.record.child.pid : 0,
      status: living.healthy && changed ? "changed (started from other inputs)" : living.status,
    };
  },

  async delete(_id, recorded) {
    const { name, stateDir, warmSeconds } = recorded;
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
