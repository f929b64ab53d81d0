import type { Settings } from "../../config/settings";
import { samePin } from "../../history/rollback";
import type { PinnedVersion } from "../../policies/gate";
import { stackFile } from "../../project/stack-files";
import type { Context } from "../context";
import { CliError, exitCodes, usageError } from "../errors";
import { describeEvaluation, evaluate } from "../evaluation/evaluation";
import { checkedReason, forceWaivers } from "../signing/forcing";
import { commitLines, requireCodeOf } from "../git";
import { lastPin } from "../history";
import { judgeVersion } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import { operationsOf } from "../../runtimes";
import { provenTraining } from "../signing/provenance";
import { existingVersion, registryOf } from "../registry/registry";
import { release } from "../releasing/releasing";
import { parseParameters, train } from "../training/training";
import type { Run } from "../verb";

/**
 * `tollgate promote`: the version that one environment serves, made anew in another one (the same code, trained there on
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
  const pin = await servedBy(context, source);

  // A copy or a training takes long, and is for nothing without the registry that gets it.
  await (await registryOf(target)).health();
  const promoted = options.model
    ? await copy(context, source, target, pin)
    : await trainAgain(context, source, target, pin, {
        changes: parseParameters((options.param as string[] | undefined) ?? []),
        key: options.key,
      });
  const measured = await evaluate(context, target, promoted, options);
  const waived = await forceWaivers(context, target, measured, options);
  const evaluation =
    waived.length === 0
      ? measured
      : measured.loaded
        ? { ...measured, ...(await judgeVersion(target, measured.pin)) }
        : // Its bytes were refused before anything could be measured.
          await evaluate(context, target, promoted, options);
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
  const file = stackFile(target.projectDir, to);
  const commit = commitLines(target, file, evaluation.pin.version);
  const pinned = `${to} now pins ${nameOfPin(evaluation.pin)}, from ${from} version ${pin.version}${forced}.`;
  if (options.up) {
    for (const line of [...lines, "", pinned, ...commit]) context.output.note(line);
    const outcome = await release(context, await context.settings(to));
    return { ...outcome, document: { ...(outcome.document as object), promotion } };
  }
  return {
    document: { ...document, stack: to, promotion },
    text: [...lines, "", pinned, `Next: tollgate preview --stack ${to}`, ...commit].join("\n"),
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

/**
 * The version that an environment serves: what it released last. A pin that was only written, or that its gates refused,
 * is none of its versions yet.
 */
async function servedBy({ output }: Context, source: Settings): Promise<PinnedVersion> {
  const { stack, pin } = source;
  if (!pin) {
    throw new CliError(
      "no-pin",
      `${stack} pins no version, so there is nothing to promote: run \`tollgate pin --stack ${stack}\`.`,
    );
  }
  await operationsOf(source).fetchReceipts(source);
  const served = await lastPin(source);
  if (!served) return unrecorded(source, pin);
  if (!samePin(served, pin)) {
    output.note(
      `${stack} pins ${nameOfPin(pin)}, which it hasn't released: what is promoted is ${nameOfPin(served)}, which it serves.`,
      "yellow",
    );
  }
  return served;
}

/** Without receipts there was no release, except where GitOps makes what is pinned, and writes none. */
async function unrecorded(source: Settings, pin: PinnedVersion): Promise<PinnedVersion> {
  const { stack } = source;
  const { releasedByOthers } = operationsOf(source).traits;
  if (releasedByOthers && !(await judgeVersion(source, pin)).blocked) return pin;
  const refused = releasedByOthers ? "its gates refuse it" : "it has released nothing yet";
  throw new CliError(
    "not-released",
    `${stack} pins ${nameOfPin(pin)}, and ${refused}, so there is nothing to promote: run \`tollgate up --stack ${stack}\`.`,
  );
}

/** Trains the promoted version's commit again in the target; returns the new version. */
async function trainAgain(
  context: Context,
  source: Settings,
  target: Settings,
  pin: PinnedVersion,
  { changes, key }: { changes: Record<string, string>; key: unknown },
): Promise<string> {
  const { promotedFrom } = await import("../../registry/lineage");
  const { commit, parameters } = await trainingToRepeat(context, source, target, pin);
  if (!commit) {
    throw new CliError(
      "no-commit",
      `${nameOfPin(pin)} in ${source.stack} doesn't record its commit, so it can't be trained again: train it from a commit, or promote its bytes with --model.`,
    );
  }
  requireCodeOf(target.projectDir, commit);
  const { result } = await train(context, target, {
    parameters: { ...parameters, ...changes },
    promotedFrom: promotedFrom(source.stack, pin.version, pin.digest),
    key,
  });
  return result.model_version;
}

/** Commit and parameters as they were signed; as unsigned tags say them, which is told, where nobody signed. */
async function trainingToRepeat(
  { output }: Context,
  source: Settings,
  target: Settings,
  pin: PinnedVersion,
): Promise<{ commit: string | null; parameters: Readonly<Record<string, string>> }> {
  const { versionTags } = await import("../../registry/evidence");
  const client = await registryOf(source);
  const version = await existingVersion(client, source, pin.version);
  const training = await provenTraining(target, client, version, pin);
  if (training) return { commit: training.gitCommit, parameters: training.parameters };
  const commit = version.tags[versionTags.gitCommit] ?? null;
  const parameters = recordedParameters(version.tags[versionTags.parameters]);
  if (commit) {
    output.note(
      `Nobody who may train for ${target.stack} signed how ${nameOfPin(pin)} of ${source.stack} was made, so commit ${commit.slice(0, 12)} and the parameters ${JSON.stringify(parameters)} are what unsigned tags say: see that they are right.`,
      "yellow",
    );
  }
  return { commit, parameters };
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

/** Copies the promoted version's bytes; returns the version they have in the target. */
async function copy(
  context: Context,
  source: Settings,
  target: Settings,
  pin: PinnedVersion,
): Promise<string> {
  const { copyModelVersion } = await import("../../registry/artifacts");
  const { carryProvenance } = await import("../../registry/provenance");
  const [from, to] = [await registryOf(source), await registryOf(target)];
  const progress = context.output.progress("Copying the model");
  try {
    const { version } = await copyModelVersion({
      from,
      to,
      name: pin.name,
      version: pin.version,
      digest: pin.digest,
      experiment: target.experiment,
      fromStack: source.stack,
      progress: (what) => progress.update(`Copying the model: ${what}`),
    });
    await carryProvenance({ client: from, pin }, { client: to, pin: { ...pin, version } });
    return version;
  } finally {
    progress.end();
  }
}
