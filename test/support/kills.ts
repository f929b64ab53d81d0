import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const launcher = path.join(__dirname, "..", "..", "toolchain", "tollgate.cjs");
const pauseMs = 50;

/** What a command has come to. */
export interface Ended {
  /** Was it killed by us, before it ended by itself? */
  readonly killed: boolean;
  /** 137 when it was killed. */
  readonly code: number | null;
  /** On stdout and stderr. */
  readonly printed: string;
}

/**
 * What is killed: the command's process group, whose engine goes on alone; the engine as well, whose servers go on alone;
 * or all that was started, as by a power cut.
 */
export type Victim = "the command" | "the engine" | "everything";

/**
 * Runs `tollgate <args>` in a process group of its own and kills it at a moment.
 *
 * @param moment is asked again and again with what was printed so far
 */
export async function killAt(
  projectDir: string,
  args: readonly string[],
  moment: (printed: string) => boolean | Promise<boolean>,
  victim: Victim,
): Promise<Ended> {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: projectDir, detached: true });
  const pid = child.pid!;
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => (printed += data.toString()));
  }
  let killed = false;
  let running = true;
  const ended = new Promise<number | null>((resolve) => {
    child.on("exit", (code, signal) => {
      running = false;
      resolve(signal === "SIGKILL" ? 137 : code);
    });
  });
  while (running && !(await moment(printed))) await sleep(pauseMs);
  if (running) {
    const others = othersOf(pid, victim);
    killed = true;
    process.kill(-pid, "SIGKILL");
    others.forEach(kill);
  }
  const code = await ended;
  return { killed, code, printed };
}

function othersOf(pid: number, victim: Victim): number[] {
  if (victim === "the command") return [];
  return victim === "everything"
    ? descendantsOf(pid)
    : descendantsOf(pid).filter((each) => /pulumi( |$)/.test(programOf(each)));
}

/** Path of what a process runs; empty when it has ended. */
function programOf(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "comm=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with the rest.
  }
}

/** Processes that a process started, and those that they started. */
function descendantsOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const each of found) {
    found.push(...rows.filter(([, parent]) => parent === each).map(([child]) => child!));
  }
  return found.slice(1);
}
