import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { statFields } from "../../runtimes/local/processes/identity";
import { starterOf } from "./process";

/** What is known of the run that holds a stack's lock. */
export interface Lock {
  /** Address of the lock's own file in the state backend. */
  address: string;
  user: string;
  host: string;
  pid: number;
  /** ISO 8601, UTC. */
  since: string;
}

/** The lock that made the engine refuse to start, from what it wrote to stderr; null when there was none. */
export function lockIn(stderr: string): Lock | null {
  if (!/currently locked/.test(stderr)) return null;
  const found = /^\s*(.+): created by (\S+?)@(\S+) \(pid (\d+)\) at (\S+)/m.exec(stderr);
  if (!found) return null;
  const [, address = "", user = "", host = "", pid = "", since = ""] = found;
  return { address, user, host, pid: Number(pid), since };
}

/** One sentence about a lock that is held. */
export function lockSentence(
  stack: string,
  { user, host, pid, since }: Lock,
  here = hostname(),
): string {
  const where = host === here ? "" : ` on ${host}`;
  return (
    `Stack ${stack} is being changed by ${user}${where} (pid ${pid}) since ${since}: ` +
    "wait until that is done and run this again."
  );
}

/**
 * What became of the engine that holds a lock: it is gone, at work, or at work though the command that started it was
 * killed. An engine on another machine counts as at work.
 */
export function holderOf({ host, pid }: Lock): "gone" | "at work" | "abandoned" {
  if (host !== hostname()) return "at work";
  const found = processOf(pid);
  // A stranger may have got the number.
  if (!found || !found.command.includes("pulumi")) return "gone";
  const starter = starterOf(found.command);
  return starter === null || starter === found.parent ? "at work" : "abandoned";
}

/**
 * Removes exactly this lock when it is a file here. `pulumi cancel` removes every lock of the stack, also one that
 * another command has taken in this moment.
 *
 * @returns could it be removed this way?
 */
export function removeLockFile({ address }: Lock): boolean {
  if (!address.startsWith("file://")) return false;
  rmSync(fileURLToPath(address.replace(/\?.*$/, "")), { force: true });
  return true;
}

/** A live process; null when there is none, or only its remains (a zombie). */
function processOf(pid: number): { parent: number; command: string } | null {
  try {
    if (process.platform === "linux") {
      const [state, parent] = statFields(pid);
      if (state === "Z" || state === "X") return null;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return { parent: Number(parent), command };
    }
    const line = execFileSync("ps", ["-ww", "-o", "stat=,ppid=,args=", "-p", String(pid)], {
      encoding: "utf8",
    });
    const [, state = "Z", parent, command = ""] = /^\s*(\S+)\s+(\d+)\s+(.*)/.exec(line) ?? [];
    return state.startsWith("Z") ? null : { parent: Number(parent), command };
  } catch {
    return null;
  }
}
