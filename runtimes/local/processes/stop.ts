import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessInputs } from "../../../provider/inputs";
import { readRecord, type RunningRecord, runFolder } from "./folder";
import { isAlive, signalProcess, startOf, statFields } from "./identity";

/** Seconds a process gets to vanish after SIGKILL, which it can't refuse. */
const KILL_SECONDS = 10;

type HowToStop = Pick<ProcessInputs, "name" | "stateDir" | "stopSignal" | "stopTimeoutSeconds">;

/**
 * Stops a kept process and its keeper: politely, then hard after `stopTimeoutSeconds`. Signals only the
 * very processes in the record. Succeeds on what is already gone.
 */
export async function stopProcess(how: HowToStop): Promise<void> {
  const record = readRecord<RunningRecord>(runFolder(how.stateDir, how.name), "pid.json");
  if (!record) {
    return;
  }
  const { keeper, child } = record;
  const gone = () => !isAlive(keeper) && !isAlive(child);
  const kept = signalProcess(keeper, "SIGTERM");
  if (!kept) {
    signalProcess(child, how.stopSignal);
  }
  if (!(await within(how.stopTimeoutSeconds, gone))) {
    signalProcess(child, "SIGKILL");
    if (!(await within(KILL_SECONDS / 2, gone))) {
      signalProcess(keeper, "SIGKILL");
      if (!(await within(KILL_SECONDS / 2, gone))) {
        throw new Error(
          `${how.name} (pid ${child.pid}) is still there ${KILL_SECONDS} s after SIGKILL; ` +
            `look what it waits for (its disk may hang), then run this again`,
        );
      }
    }
  }
  if (!kept) {
    killLeftovers(record);
  }
}

/**
 * What a server left behind when its keeper was killed as well, such as worker processes that hold its
 * port. Only members of the keeper's own session and the server's own group count, so no stranger can.
 */
function killLeftovers({ keeper, child }: RunningRecord): void {
  if (process.platform !== "linux") {
    return;
  }
  for (const entry of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const [, , group, session] = statFields(entry);
      const start = startOf(Number(entry));
      if (group === String(child.pid) && session === String(keeper.pid) && start !== null) {
        signalProcess({ pid: Number(entry), start }, "SIGKILL");
      }
    } catch {
      continue; // It ended by itself meanwhile.
    }
  }
}

/** Waits until `condition` holds, at most `seconds`; false when it never did. */
async function within(seconds: number, condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() >= deadline) {
      return false;
    }
    await sleep(20);
  }
  return true;
}
