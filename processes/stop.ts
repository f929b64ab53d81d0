import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessInputs } from "./process";
import {
  type HaltRecord,
  readRecord,
  type RunningRecord,
  runFolder,
  writeFileWhole,
} from "./folder";
import { isOwn } from "./home";
import { withProcessLock } from "./lock";
import { isAlive, signalProcess, startOf, statFields } from "./identity";

/** Seconds a process gets to vanish after SIGKILL, which it can't refuse. */
const KILL_SECONDS = 10;

/** When the record of how to stop a process is lost. */
const DEFAULT_STOP = { stopSignal: "SIGTERM", stopTimeoutSeconds: 10 } as const;

/**
 * Stops a kept process and forgets it; its log and its data stay. Succeeds on what is already gone, and
 * waits for another command that is at work on it. Of a state folder that isn't there it makes none.
 */
export async function stopProcess(stateDir: string, name: string): Promise<void> {
  if (!existsSync(stateDir)) {
    return;
  }
  await withProcessLock(stateDir, name, async () => {
    await endProcess(stateDir, name);
    rmSync(runFolder(stateDir, name), { recursive: true, force: true });
  });
}

/** Stops a kept process and remembers it, so that the next `up` starts it again. Succeeds on what is already gone. */
export async function haltProcess(stateDir: string, name: string): Promise<void> {
  await withProcessLock(stateDir, name, async () => {
    const folder = runFolder(stateDir, name);
    await endProcess(stateDir, name);
    // Read after its end, as its keeper may have started it again until then.
    const record = readRecord<RunningRecord>(folder, "pid.json");
    if (!record) return;
    const halted: HaltRecord = { child: record.child.pid, at: new Date().toISOString() };
    try {
      writeFileWhole(join(folder, "halted.json"), JSON.stringify(halted));
    } catch {
      // On a full disk it is stopped all the same, and `status` then shows how it ended.
    }
  });
}

/**
 * Ends a process and its keeper: politely, then hard after its `stopTimeoutSeconds`. Signals only the very
 * processes in the record, and none that a copied record speaks of. For a caller that holds the process's lock.
 */
export async function endProcess(stateDir: string, name: string): Promise<void> {
  const folder = runFolder(stateDir, name);
  const record = readRecord<RunningRecord>(folder, "pid.json");
  if (!record || !isOwn(stateDir, name, record)) {
    return;
  }
  const how = readRecord<ProcessInputs>(folder, "spec.json") ?? DEFAULT_STOP;
  const { keeper } = record;
  // Until the keeper has heard of it, it may have started the server again.
  const childOf = () => (readRecord<RunningRecord>(folder, "pid.json") ?? record).child;
  const gone = () => !isAlive(keeper) && !isAlive(childOf());
  const kept = signalProcess(keeper, "SIGTERM");
  if (!kept) {
    signalProcess(childOf(), how.stopSignal);
  }
  if (!(await within(how.stopTimeoutSeconds, gone))) {
    signalProcess(childOf(), "SIGKILL");
    if (!(await within(KILL_SECONDS / 2, gone))) {
      signalProcess(keeper, "SIGKILL");
      if (!(await within(KILL_SECONDS / 2, gone))) {
        throw new Error(
          `${name} (pid ${childOf().pid}) is still there ${KILL_SECONDS} s after SIGKILL; ` +
            `look what it waits for (its disk may hang), then run this again`,
        );
      }
    }
  }
  if (!kept) {
    killLeftovers({ ...record, child: childOf() });
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
