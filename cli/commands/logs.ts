import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CliError, usageError } from "../errors";
import type { Run } from "../verbs";

/** `tollgate logs`: the log files of a stack, or the end of one. */
export const run: Run = async (context, options, [name]) => {
  const { stateDir, stack } = await context.settings();
  const folder = join(stateDir, "log");
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".log"))
        .sort()
    : [];
  const files = names.map((file) => ({
    name: file.slice(0, -".log".length),
    file: join(folder, file),
  }));
  if (name === undefined) {
    const lines = files.map((each) => `${each.name}  ${each.file}`);
    return {
      document: { stack, logs: files },
      text: lines.join("\n") || `${stack} has no logs yet.`,
    };
  }
  const found = files.find((each) => each.name === name);
  if (!found) {
    const there = files.map((each) => each.name).join(", ") || "none yet";
    throw new CliError("no-log", `${stack} has no log of "${name}": there is ${there}.`);
  }
  const count = Number(options.lines ?? 50);
  if (!Number.isInteger(count) || count < 1)
    throw usageError(`--lines ${String(options.lines)} is no number of lines.`);
  const lines = readFileSync(found.file, "utf8").trimEnd().split("\n").slice(-count);
  return { document: { stack, ...found, lines }, text: lines.join("\n") };
};
