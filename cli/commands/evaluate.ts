import { exitCodes, usageError } from "../errors";
import { readStdinUpTo } from "../input";
import { describeEvaluation, evaluate } from "../evaluation";
import { readyVersion, registryOf } from "../registry";
import { asTrainingResult, type TrainingResult } from "../training";
import type { Run } from "../verbs";

/** Bytes of a training's output that are read from stdin: it is one line of JSON. */
const trainingLimit = 1024 * 1024;

/** `tollgate evaluate`: measures, records the evidence, judges. Approvals belong to the pin and are only shown. */
export const run: Run = async (context, options, [training]) => {
  const settings = await context.settings();
  const said = training === undefined ? null : await readTraining(training);
  const asked = (options.modelVersion as string | undefined) ?? said?.model_version;
  const client = await registryOf(settings);
  const version = await readyVersion(client, settings.model, asked);
  if (said && version.runId !== said.run_id) {
    throw usageError(
      `Version ${version.version} of ${settings.model} belongs to run ${version.runId ?? "(none)"}, not to ${said.run_id}: pass what training printed for this stack.`,
    );
  }
  const described = await describeEvaluation(
    context,
    await evaluate(context, settings, version.version, options),
  );
  const { document, lines, refused } = described;
  const next = refused
    ? `${settings.model} version ${version.version} is refused in ${settings.stack}: mend what is said above and evaluate it again, or train another version.`
    : `Next: tollgate pin ${version.version} --stack ${settings.stack}`;
  return {
    document: { ...document, stack: settings.stack },
    text: [...lines, "", next].join("\n"),
    exitCode: refused ? exitCodes.refused : exitCodes.done,
  };
};

/** The JSON line of `train`, as an operand or, for `-`, from stdin. */
async function readTraining(operand: string): Promise<TrainingResult> {
  const text = operand === "-" ? (await readStdinUpTo(trainingLimit)).toString("utf8") : operand;
  const result = asTrainingResult(text.trim());
  if (result) return result;
  throw usageError(
    `"${text.trim().slice(0, 80)}" is not what training prints: pass {"run_id": ..., "accuracy": ..., "model_version": ...}, or - to read it from stdin.`,
  );
}
