import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Servers that others depend on, ended last. */
const foundations = ["tracking-server", "database", "artifact-store"];

/** Names of the processes that a stack keeps, running or not. Sorted. */
export function keptNames(stateDir: string): string[] {
  return entriesOf(stateDir)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Names that a command has locked, or had when it was killed: it may be about to start a process of that name. */
export function lockedNames(stateDir: string): string[] {
  return entriesOf(stateDir)
    .map(({ name }) => /^\.(.+)\.lock$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
}

/** Ends processes in the order in which they depend on each other. */
export async function inOrder(
  names: readonly string[],
  end: (name: string) => Promise<void>,
): Promise<void> {
  await Promise.all(names.filter((name) => !foundations.includes(name)).map(end));
  for (const name of foundations.filter((each) => names.includes(each))) await end(name);
}

function entriesOf(stateDir: string) {
  const folder = join(stateDir, "run");
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
}
