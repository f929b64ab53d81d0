import { createInterface } from "node:readline/promises";
import type { Settings } from "../../config/settings";
import type { Context } from "../context";
import { CliError, exitCodes, usageError } from "../errors";

/**
 * Has a protected stack's name said before its data goes: by `--yes <stack>`, or typed at a terminal.
 *
 * @param yes the name that `--yes` gave
 * @param loss what is about to be lost, and what keeps a copy, in sentences
 * @throws CliError when it wasn't said, or another name was
 */
export async function confirmLoss(
  { output }: Context,
  { stack, protect }: Settings,
  yes: unknown,
  loss: string,
): Promise<void> {
  if (yes !== undefined && yes !== stack) {
    throw usageError(
      `--yes names ${JSON.stringify(yes)}, and the data is that of ${stack}: say --yes ${stack} if that is meant. Nothing was changed.`,
    );
  }
  if (yes === stack || !protect) return;
  const why = `${stack} is protected (tollgate:protect). ${loss}`;
  if (!output.interactive || !process.stdin.isTTY) {
    throw new CliError(
      "protected",
      `${why} Say --yes ${stack} if that is meant. Nothing was changed.`,
      exitCodes.usage,
    );
  }
  output.note(why);
  const typed = await answerTo(`Type ${stack} to go on: `);
  if (typed === stack) return;
  throw new CliError(
    "not-confirmed",
    `${JSON.stringify(typed)} was typed, not ${stack}: nothing was changed.`,
    exitCodes.usage,
  );
}

/** Empty at Ctrl-C and at the end of input as well. */
async function answerTo(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    const said = lines.question(question).catch(() => "");
    return (await Promise.race([said, ended])).trim();
  } finally {
    lines.close();
  }
}
