import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../../config/settings";
import { OperationError } from "../../errors";
import type { LogEnd, LogList } from "../../operations";

/** The logs of a stack's processes, and of what the engine did. */
export function logList({ stateDir }: Settings): LogList {
  const logs = filesIn(stateDir);
  return { logs, lines: logs.map(({ name, file }) => `${name}  ${file}`), what: "logs" };
}

/**
 * The last lines of one.
 *
 * @throws OperationError `no-log` that lists those there are
 */
export function logEnd({ stateDir, stack }: Settings, name: string, count: number): LogEnd {
  const files = filesIn(stateDir);
  const found = files.find((each) => each.name === name);
  if (!found) {
    const there = files.map((each) => each.name).join(", ") || "none yet";
    throw new OperationError("no-log", `${stack} has no log of "${name}": there is ${there}.`);
  }
  const lines = readFileSync(found.file, "utf8").trimEnd().split("\n").slice(-count);
  return { source: found, lines };
}

function filesIn(stateDir: string): { name: string; file: string }[] {
  const folder = join(stateDir, "log");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".log"))
    .sort()
    .map((file) => ({ name: file.slice(0, -".log".length), file: join(folder, file) }));
}
