import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import type { Context } from "../context";
import { CliError, exitCodes, usageError } from "../errors";
import { describeEvaluation, evaluate } from "../evaluation";
import { checkedReason, forceWaivers } from "../forcing";
import { requireCodeOf } from "../git";
import { judgeVersion, nameOfPin } from "../judgement";
import { registryOf } from "../registry";
import { release } from "../releasing";
import { parseParameters, train } from "../training";
import type { Run } from "../verbs";

/**
 * `tollgate promote`: the version that one environment pins, made anew in another one (the same code, trained there on
 * its own data) or copied to it; measured and judged there; pinned.
 */
export const run: Run = async (context, options) => {
  checkedReason(options);
  const { from, to } = stacksFrom(options);
  const [source, target] = [await context.settings(from), await context.settings(to)];
  if (source.model !== target.model) {
    throw new CliError(
      "other-model",
      `${from} serves ${source.model} and ${to} serves ${target.model}: promote between stacks of one model.`,
    );
  }
  const { pin } = source;
  if (!pin)
    throw new CliError(
      "no-pin",
      `${from} pins no version, so there is nothing to promote: run \`tollgate pin --stack ${from}\`.`,
    );

  const promoted = options.model
    ? await copy(context, source, target, pin)
    : await trainAgain(
        context,
        source,
        target,
        pin,
        parseParameters((options.param as string[] | undefined) ?? []),
      );
  const measured = await evaluate(context, target, promoted, options);
  const waived = await forceWaivers(context, target, measured, options);
  const evaluation =
    waived.length === 0
      ? measured
      : { pin: measured.pin, ...(await judgeVersion(target, measured.pin)) };
  const { document, lines, refused } = await describeEvaluation(context, evaluation);
  if (refused) {
    const left = `${to} still pins ${target.pin ? nameOfPin(target.pin) : "nothing"}; ${from} is as it was.`;
    const verdict = `${nameOfPin(evaluation.pin)} is refused in ${to}: ${left}`;
    return {
      document: { ...document, stack: to },
      text: [...lines, "", verdict].join("\n"),
      exitCode: exitCodes.refused,
    };
  }
  const { setPin } = await import("../../config/stack-file");
  setPin(target.projectDir, to, evaluation.pin);

  const promotion = {
    from: { stack: from, pin },
    to: { stack: to, pin: evaluation.pin },
    by: options.model ? "model" : "code",
    forced: waived.length > 0,
  };
  const forced = waived.length > 0 ? ", past its refusal" : "";
  const pinned = `${to} now pins ${nameOfPin(evaluation.pin)}, from ${from} version ${pin.version}${forced}.`;
  if (options.up) {
    for (const line of [...lines, "", pinned]) context.output.note(line);
    const outcome = await release(context, await context.settings(to));
    return { ...outcome, document: { ...(outcome.document as object), promotion } };
  }
  return {
    document: { ...document, stack: to, promotion },
    text: [...lines, "", pinned, `Next: tollgate preview --stack ${to}`].join("\n"),
  };
};

function stacksFrom(options: Readonly<Record<string, unknown>>): { from: string; to: string } {
  const { from, to, stack } = options;
  if (stack !== undefined) throw usageError("promote takes --from and --to instead of --stack.");
  if (typeof from !== "string" || typeof to !== "string") {
    throw usageError("Say both environments, such as --from staging --to prod.");
  }
  if (from === to)
    throw usageError(`--from and --to are both ${from}: promote between two environments.`);
  return { from, to };
}

/** Trains the pinned version's commit again in the target; returns the new version. */
async function trainAgain(
  context: Context,
  source: Settings,
  target: Settings,
  pin: PinnedVersion,
  changes: Record<string, string>,
): Promise<string> {
  const { versionTags } = await import("../../registry/evidence");
  const { promotedFrom } = await import("../../registry/lineage");
  const { tags } = await (await registryOf(source)).getModelVersion(pin.name, pin.version);
  const commit = tags[versionTags.gitCommit];
  if (!commit) {
    throw new CliError(
      "no-commit",
      `${nameOfPin(pin)} in ${source.stack} doesn't record its commit, so it can't be trained again: train it from a commit, or promote its bytes with --model.`,
    );
  }
  requireCodeOf(target.projectDir, commit);
  const { model_version } = await train(context, target, {
    parameters: { ...recordedParameters(tags[versionTags.parameters]), ...changes },
    promotedFrom: promotedFrom(source.stack, pin.version, pin.digest),
  });
  return model_version;
}

function recordedParameters(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    throw new CliError(
      "bad-parameters",
      "The version's recorded parameters can't be read: train it again with `tollgate train`.",
    );
  }
}

/** Copies the pinned version's bytes; returns the version they have in the target. */
async function copy(
  context: Context,
  source: Settings,
  target: Settings,
  pin: PinnedVersion,
): Promise<string> {
  const { copyModelVersion } = await import("../../registry/artifacts");
  const progress = context.output.progress("Copying the model");
  try {
    const { version } = await copyModelVersion({
      from: await registryOf(source),
      to: await registryOf(target),
      name: pin.name,
      version: pin.version,
      digest: pin.digest,
      experiment: target.experiment,
      fromStack: source.stack,
      progress: (what) => progress.update(`Copying the model: ${what}`),
    });
    return version;
  } finally {
    progress.end();
  }
}
