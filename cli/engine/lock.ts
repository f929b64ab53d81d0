import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { statFields } from "../../processes/identity";
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
  // A user's name may hold an @ and spaces, a host's name neither.
  const found = /^\s*(.+): created by (.+)@([^\s@]+) \(pid (\d+)\) at (\S+)/m.exec(stderr);
  if (!found) return null;
  const [, address = "", user = "", host = "", pid = "", since = ""] = found;
  return { address, user, host, pid: Number(pid), since };
}

/**
 * Did the engine stop because another one was just writing or removing its lock? It lists the locks of a `file:`
 * backend and looks at them one by one; one that is gone by then ends it, in words that depend on what it was about to do.
 */
export function lockMoved(stderr: string): boolean {
  return /[\\/]locks[\\/].*: no such file or directory/.test(stderr);
}

/** One sentence about a lock that is held. */
export function lockSentence(
  stack: string,
  { user, host, pid, since }: Lock,
  here = hostname(),
): string {
  if (host === here) {
    return (
      `Stack ${stack} is being changed by ${user} (pid ${pid}) since ${since}: ` +
      "wait until that is done and run this again."
    );
  }
  return (
    `Stack ${stack} is being changed by ${user} on ${host} (pid ${pid}) since ${since}: ` +
    "wait until that is done and run this again. Whether it still runs can't be seen from here: if it was cut off, as on " +
    `a runner that was cancelled, \`tollgate pulumi -- cancel --yes --stack ${stack}\` takes its lock away, and the next ` +
    "command goes on from what it did."
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
