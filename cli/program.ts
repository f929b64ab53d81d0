import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { type GlobalOptions, openContext } from "./context";
import { exitCodes, reportOf, usageError } from "./errors";
import { Output, type Outcome, type Streams } from "./terminal/output";
import type { Verb } from "./verb";
import { verbs } from "./verbs";

const description =
  "Model versions as deployed things: pinned, previewed, gated, released and rolled back.\n" +
  "Exit codes: 0 done, 1 error, 2 refused by a gate, 64 wrong usage.";

/**
 * Runs one command line and returns its exit code. Never throws, and never ends the process.
 *
 * @param words what follows the program's name
 */
export async function run(words: readonly string[], streams: Streams = process): Promise<number> {
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  const output = new Output(streams, own.includes("--json"), own.includes("--verbose"));
  let outcome: Outcome | undefined;
  const program = build(output, (result) => (outcome = result));
  let printed = "";
  configure(program, output.columns, (text) => (printed += text));
  try {
    await program.parseAsync([...words], { from: "user" });
    const result = outcome ?? { document: { help: printed }, text: printed.trimEnd() };
    output.finish(result);
    return result.exitCode ?? exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      output.finish({ document: { help: printed }, text: printed.trimEnd() });
      return exitCodes.done;
    }
    if (output.verbose && error instanceof Error && error.stack) output.note(error.stack, "dim");
    const report = reportOf(error instanceof CommanderError ? usageOf(error) : error);
    output.fail(report);
    return report.exitCode;
  }
}

function usageOf(error: CommanderError) {
  const said = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  return usageError(`${sentence.replace(/\.?$/, "")}: see \`tollgate --help\`.`);
}

/** Nothing may be printed or end the process behind our back: `--json` promises one document. */
function configure(command: Command, columns: number, write: (text: string) => void): void {
  for (const each of [command, ...command.commands]) {
    each.exitOverride();
    each.configureOutput({
      getOutHelpWidth: () => Math.min(columns, 100),
      writeOut: write,
      writeErr: () => undefined,
      outputError: () => undefined,
    });
  }
}

function build(output: Output, done: (outcome: Outcome) => void): Command {
  const program = withGlobals(new Command("tollgate")).description(description);
  program.version(version, "-V, --version", "print Tollgate's version");
  program.enablePositionalOptions();
  program.usage("<verb> [options]").argument("[verb]").allowExcessArguments(true);
  program.action((verb: string | undefined) => {
    const known = verbs.map(({ name }) => name).join(", ");
    if (verb === undefined) throw usageError(`Say what to do: one of ${known}.`);
    throw usageError(`There is no verb "${verb}": use one of ${known}.`);
  });
  for (const verb of verbs) program.addCommand(commandOf(verb, output, done));
  return program;
}

function commandOf(verb: Verb, output: Output, done: (outcome: Outcome) => void): Command {
  const command = withGlobals(new Command(verb.name)).description(verb.summary);
  if (verb.operands) command.argument(verb.operands);
  for (const [flags, text, repeatable] of verb.options) {
    if (repeatable) command.option(flags, text, gather);
    else command.option(flags, text);
  }
  command.addHelpText(
    "after",
    `\nExamples:\n${verb.examples.map((line) => `  ${line}`).join("\n")}`,
  );
  if (verb.passThrough) command.passThroughOptions().allowUnknownOption();
  return command.action(async (...received: unknown[]) => {
    const options = command.optsWithGlobals<GlobalOptions & Record<string, unknown>>();
    const operands = received
      .slice(0, -2)
      .flat()
      .filter((word) => typeof word === "string");
    const context = openContext(options, output, verb.needsProject ?? true);
    const { run: act } = await verb.load();
    done(await act(context, options, operands));
  });
}

/** Before or after the verb: both places are natural. */
function withGlobals(command: Command): Command {
  return command
    .option("-s, --stack <name>", "environment: the stack whose Pulumi.<name>.yaml is used")
    .option("-C, --cwd <folder>", "project folder; default: this one")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--verbose", "show the engine's own output as well");
}

/** A repeatable value gathers; commander's own variadic form would swallow the operands behind it. */
function gather(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}
