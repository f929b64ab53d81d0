import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * Stops a daemon of the test's own cluster, as if its machine were too busy for it, and lets it go on by itself after some
 * seconds: also when the test is ended meanwhile.
 *
 * @returns false when the cluster was given, and its daemons aren't ours
 */
export function suspend(kubeconfig: string, daemon: string, seconds: number): boolean {
  const record = path.join(path.dirname(kubeconfig), "pid", daemon);
  if (!existsSync(record)) return false;
  const [pid, startedAt] = readFileSync(record, "utf8").trim().split(" ");
  // A number that the system has given to another process since is not ours to stop.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /s, "").split(" ");
  if (fields[19] !== startedAt) throw new Error(`${daemon} of the test cluster has ended.`);
  const script = 'kill -STOP "$0" && sleep "$1"; kill -CONT "$0"';
  spawn("sh", ["-c", script, pid!, String(seconds)], { detached: true, stdio: "ignore" }).unref();
  return true;
}
