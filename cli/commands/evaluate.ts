import { exitCodes, usageError } from "../errors";
import { describeEvaluation, evaluate } from "../evaluation/evaluation";
import { readyVersion, registryOf } from "../registry/registry";
import { saidByTraining } from "../training/trained";
import type { Run } from "../verb";

/** `tollgate evaluate`: measures, records the evidence, judges. Approvals belong to the pin and are only shown. */
export const run: Run = async (context, options, [training]) => {
  const chosen = options.modelVersion as string | undefined;
  const said = await saidByTraining(training, chosen !== undefined, context.output);
  const settings = await context.settings();
  const asked = chosen ?? said?.model_version;
  const client = await registryOf(settings);
  const version = await readyVersion(client, settings, asked);
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
