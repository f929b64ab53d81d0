import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that can't be mistaken for a later one with the same number. */
export interface Identity {
  readonly pid: number;
  /** When it started, as `keeper.py` writes it: boot and clock ticks on Linux, `ps` text elsewhere. */
  readonly start: string;
}

let bootId: string | undefined;

/** When the process with this number started; null when there is none, or only its remains (a zombie). */
export function startOf(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const fields = statFields(pid);
      return fields[0] === "Z" || fields[0] === "X" ? null : `${bootId}/${fields[19]}`;
    }
    const environment = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const arguments_ = ["-o", "stat=,lstart=", "-p", String(pid)];
    const line = execFileSync("ps", arguments_, { env: environment, encoding: "utf8" }).trim();
    const [state = "Z", ...start] = line.split(/ +/);
    return state.startsWith("Z") ? null : start.join(" ");
  } catch {
    return null;
  }
}

/** Fields of `/proc/<pid>/stat` from the third on (state): the second, the name, may hold anything. */
export function statFields(pid: number | string): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** This very process. */
export function ownIdentity(): Identity {
  return { pid: process.pid, start: startOf(process.pid) ?? "" };
}

/** Is this very process alive? A stranger that got its number doesn't count. */
export function isAlive({ pid, start }: Identity): boolean {
  return startOf(pid) === start;
}

/** Signals this very process, never a stranger that got its number. False when it is gone. */
export function signalProcess(identity: Identity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) {
    return false;
  }
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") {
      return false;
    }
    throw error;
  }
}
