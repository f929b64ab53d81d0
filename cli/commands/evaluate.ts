import type { Verdict } from "../../policies/gate";
import type { Context } from "../context";
import { exitCodes, usageError } from "../errors";
import { type Evaluation, evaluate } from "../evaluation";
import { readyVersion, registryOf } from "../registry";
import { asTrainingResult, type TrainingResult } from "../training";
import type { Run } from "../verbs";

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
  return outcomeOf(context, settings.stack, await evaluate(context, settings, version.version));
};

/** What an evaluation comes to: exit code 2 when a gate refuses. */
export async function outcomeOf(context: Context, stack: string, evaluation: Evaluation) {
  const { blocked } = await import("../../policies/judge");
  const { asText } = await import("../../policies/present");
  const { pin, verdicts, candidate } = evaluation;
  const measured = verdicts.filter(({ gate }) => gate !== "approvals");
  const pending = verdicts.filter(({ gate, passed }) => gate === "approvals" && !passed);
  const refused = blocked(measured);
  const accuracy = verdicts.find(({ subject }) => subject === "accuracy");
  const next = refused
    ? `${pin.name} version ${pin.version} is refused in ${stack}: train another version.`
    : `Next: tollgate pin ${pin.version} --stack ${stack}`;
  return {
    document: {
      passed: !refused,
      accuracy: candidate.evidence?.metrics.accuracy ?? null,
      threshold: accuracy?.threshold ?? null,
      model_version: pin.version,
      run_id: candidate.evidence?.lineage.runId ?? null,
      stack,
      pin,
      verdicts: measured,
      pending,
      evidence: candidate.evidence,
    },
    text: [
      asText(measured, { colours: context.output.colours }),
      ...pending.map(pendingLine),
      "",
      next,
    ].join("\n"),
    exitCode: refused ? exitCodes.refused : exitCodes.done,
  };
}

function pendingLine({ reason }: Verdict): string {
  return `approvals: ${reason} They are asked for once it is pinned.`;
}

/** The JSON line of `train`, as an operand or, for `-`, from stdin. */
async function readTraining(operand: string): Promise<TrainingResult> {
  const text = operand === "-" ? await readStdin() : operand;
  const result = asTrainingResult(text.trim());
  if (result) return result;
  throw usageError(
    `"${text.trim().slice(0, 80)}" is not what training prints: pass {"run_id": ..., "accuracy": ..., "model_version": ...}, or - to read it from stdin.`,
  );
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
