import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureStateFolder } from "../../processes/folder";
import type { Ended, Status } from "./status";

/** Records that a stack was destroyed: nothing else is left that tells it from one whose servers are lost. */
export function recordDestroyed(stateDir: string): void {
  ensureStateFolder(stateDir);
  writeFileSync(recordOf(stateDir), `${JSON.stringify({ at: new Date().toISOString() })}\n`);
}

/** To be called before an `up` changes anything. */
export function forgetDestroyed(stateDir: string): void {
  rmSync(recordOf(stateDir), { force: true });
}

/** What ended a stack's servers, by what is left of them; null where they should be there. */
export function endedBy(
  stateDir: string,
  { processes, pods, cluster }: Pick<Status, "processes" | "pods" | "cluster">,
): Ended | null {
  // In a cluster, another machine may have brought it up since.
  if (pods.length > 0 || cluster?.problem) return null;
  if (processes.length > 0) {
    return processes.every(({ status }) => status === "stopped") ? "stop" : null;
  }
  return existsSync(recordOf(stateDir)) ? "destroy" : null;
}

function recordOf(stateDir: string): string {
  return join(stateDir, "destroyed.json");
}
