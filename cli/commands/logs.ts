import { operationsOf } from "../../runtimes";
import { optionDefaults } from "../defaults";
import { usageError } from "../errors";
import type { Run } from "../verb";

/** `tollgate logs`: the logs of a stack's processes or pods, or the end of one. */
export const run: Run = async (context, options, [name]) => {
  const settings = await context.settings();
  const { stack } = settings;
  const count = Number(options.lines ?? optionDefaults.lines);
  if (!Number.isInteger(count) || count < 1)
    throw usageError(`--lines ${String(options.lines)} is no number of lines.`);
  const operations = operationsOf(settings);
  if (name === undefined) {
    const { logs, lines, what } = await operations.logs(settings);
    return {
      document: { stack, logs },
      text: lines.join("\n") || `${stack} has no ${what} yet.`,
    };
  }
  const { source, lines } = await operations.logEnd(settings, name, count);
  return { document: { stack, ...source, lines }, text: lines.join("\n"), verbatim: true };
};
