import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureStateFolder } from "../processes/folder";
import { contentOf } from "../project/stack-files";

/** What may be known of a stack since the last `up` that ended well: its objects in a cluster, or all that decides one. */
type Left = "cluster-seen" | "engine/unchanged";

/** The digest that the last `up` left; empty when something was begun since, and on a machine from which none came. */
export function digestLeft(stateDir: string, what: Left): string {
  return contentOf(join(stateDir, what)).trim();
}

/** Records how an `up` that ended well left a stack. */
export function recordLeft(stateDir: string, what: Left, digest: string): void {
  const file = join(stateDir, what);
  ensureStateFolder(stateDir);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${digest}\n`, { mode: 0o600 });
}

/** To be called before anything is changed: what ends in the middle is to be looked at. */
export function forgetLeft(stateDir: string, what: Left): void {
  rmSync(join(stateDir, what), { force: true });
}
