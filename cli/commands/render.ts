import { relative, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import type { RenderedFiles, Rendering as RenderedEnvironment } from "../../runtimes/operations";
import type { Context } from "../context";
import { CliError, exitCodes, usageError } from "../errors";
import { judgePin, type Judgement, verdictsText } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import type { Outcome } from "../terminal/output";
import type { Difference } from "../render/folder";
import type { Run } from "../verb";

/**
 * `tollgate render`: the manifests of an environment as files, for a review and for GitOps. A pin that the gates refuse
 * writes nothing and ends with 2. With `--check` nothing is written, and a folder that differs ends with 1.
 */
export const run: Run = async (context, options) => {
  if (options.out === undefined) {
    throw usageError("Say where the manifests go with --out, such as --out rendered/prod.");
  }
  const folder = resolve(String(options.out));
  const settings = await context.settings();
  const render = renderOf(settings);
  const judgement = await judgePin(settings);
  if (judgement?.blocked) return refusal(settings, judgement, context);
  const files = await guarded(settings, await render(settings));
  const { differencesIn, writeRendering } = await import("../render/folder");
  const rendering = { settings, folder, files, judgement };
  if (options.check) {
    return checked(rendering, differencesIn(folder, settings.stack, files));
  }
  return written(rendering, await writeRendering(folder, settings.stack, files));
};

interface Rendering {
  readonly settings: Settings;
  readonly folder: string;
  readonly files: RenderedFiles;
  readonly judgement: Judgement | null;
}

/** How a stack is rendered; a user's error where its runtime has no manifests. */
function renderOf(settings: Settings) {
  const { stack, runtime } = settings;
  const { render } = operationsOf(settings);
  if (render) return render;
  throw new CliError(
    "render-runtime",
    `${stack} is on runtime ${runtime}, which has no manifests: set tollgate:runtime to kubernetes in Pulumi.${stack}.yaml, or name another stack with --stack.`,
  );
}

/** The files of a stack, after the guardrails had nothing against what is in them. */
async function guarded(
  settings: Settings,
  { resources, files }: RenderedEnvironment,
): Promise<RenderedFiles> {
  const { objectionsTo } = await import("../render/guardrails");
  const objections = await objectionsTo(settings, resources);
  if (objections.length > 0) {
    throw new CliError("guardrail", objections.join("\n"), exitCodes.refused);
  }
  return files();
}

async function refusal(
  { stack, pin }: Settings,
  judgement: Judgement,
  { output }: Context,
): Promise<Outcome> {
  const text = await verdictsText(judgement, output);
  const { verdicts } = judgement;
  return {
    document: { stack, refused: true, pin, verdicts, files: [], differences: [] },
    text: [text, "", `Refused: nothing is rendered for ${stack}.`].join("\n"),
    exitCode: exitCodes.refused,
  };
}

function written(rendering: Rendering, differences: Difference[]): Outcome {
  const { folder, files, settings } = rendering;
  const what = `${shown(folder)} holds ${files.size} files of ${settings.stack}${pinned(settings)}`;
  const count = differences.length === 0 ? "nothing changed" : `${differences.length} changed`;
  return {
    document: documentOf(rendering, differences),
    text: [...differences.map(lineOf), `${what}: ${count}.`].join("\n"),
  };
}

function checked(rendering: Rendering, differences: Difference[]): Outcome {
  const { folder, settings } = rendering;
  const isCurrent = differences.length === 0;
  const next = `run \`tollgate render --stack ${settings.stack} --out ${shown(folder)}\` and commit`;
  const closing = isCurrent
    ? `${shown(folder)} is what ${settings.stack} says${pinned(settings)}.`
    : `${shown(folder)} isn't what ${settings.stack} says in ${files(differences.length)}: ${next}.`;
  return {
    document: documentOf(rendering, differences),
    text: [...differences.map(lineOf), closing].join("\n"),
    exitCode: isCurrent ? exitCodes.done : exitCodes.error,
  };
}

function documentOf({ settings, folder, files, judgement }: Rendering, differences: Difference[]) {
  const { stack, pin } = settings;
  const verdicts = judgement?.verdicts ?? [];
  return { stack, refused: false, pin, verdicts, folder, files: [...files.keys()], differences };
}

function files(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

function lineOf({ file, change }: Difference): string {
  return `${change.padEnd(8)} ${file}`;
}

function pinned({ pin }: Settings): string {
  return pin ? `, ${nameOfPin(pin)}` : ", with no version pinned";
}

/** Relative where that is shorter to read. */
function shown(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path !== "" && !path.startsWith("..") ? path : folder;
}
