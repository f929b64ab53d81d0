import { createReadStream, existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../../config/settings";
import type { RegistryClient } from "../../registry/client";
import { type ChildResult, endOf, runChild } from "../child";
import type { Context } from "../context";
import { CliError, usageError } from "../errors";
import { gitFacts } from "../git";
import { warnOfLineage } from "./lineage-warning";
import { signTraining, trainingKey } from "../signing/provenance";
import { pythonFor } from "../registry/python";
import { operationsOf } from "../../runtimes";
import { newestVersion, readyVersion, registryOf } from "../registry/registry";
import { unrecorded } from "./unrecorded";

/** What training prints as its last JSON line: its run, its version, and any metrics of its own, such as `accuracy`. */
export interface TrainingResult {
  readonly run_id: string;
  readonly model_version: string;
  readonly [metric: string]: unknown;
}

export interface TrainedVersion {
  readonly result: TrainingResult;
  readonly digest: string;
}

export interface TrainingRequest {
  /** On top of the settings' parameters. */
  parameters: Readonly<Record<string, string>>;
  /** `<stack>:<version>@<digest>` of what this training repeats, if it does. */
  promotedFrom?: string;
  /** Replaces the settings' data version. */
  dataVersion?: string;
  /** Path of the private key that signs how the version was made. @default TOLLGATE_SIGNING_KEY, else unsigned */
  key?: unknown;
}

/**
 * Runs the project's own training in a stack's environment, writes the lineage on the version it registered and, with a
 * key, signs how it was made. What is signed is what this process saw: the bytes as the registry has them when the
 * training has ended, not what tags say.
 *
 * @throws CliError when it fails, prints no result, or registered something else, or when the key may not sign here
 */
export async function train(
  context: Context,
  settings: Settings,
  request: TrainingRequest,
): Promise<TrainedVersion> {
  const { train: entry, stack } = settings;
  if (!entry) {
    throw new CliError(
      "settings",
      `Stack ${stack} has no tollgate:train: say its command and data in Pulumi.${stack}.yaml.`,
    );
  }
  const data = resolve(settings.projectDir, entry.data);
  if (!existsSync(data)) {
    throw new CliError(
      "no-data",
      `There is no training data at ${data}: correct tollgate:train.data in Pulumi.${stack}.yaml.`,
    );
  }
  const client = await registryOf(settings);
  await client.health();
  const key = await trainingKey(context, settings, request.key);
  const before = await newestVersion(client, settings.model);
  const dataDigest = await digestOfData(data);
  const lineage = gitFacts(settings.projectDir);
  warnOfLineage(context, settings, lineage);
  const parameters = { ...entry.parameters, ...request.parameters };
  const dataVersion = request.dataVersion ?? entry.dataVersion ?? dataDigest;
  const startedAt = new Date().toISOString();
  const child = await operationsOf(settings).withReachableRegistry(settings, async (reachable) =>
    runTraining(
      context,
      { ...reachable, train: entry },
      trainingVariables(settings, data, dataVersion, parameters),
    ),
  );
  let result: TrainingResult | undefined;
  try {
    result = resultOf(child, entry.timeoutSeconds);
    const finishedAt = new Date().toISOString();
    if (Number(result.model_version) <= before) {
      throw new CliError(
        "training",
        `Training printed version ${result.model_version} of ${settings.model}, which was there before it began (the newest was ${before}): register a new version in the run that trains.`,
      );
    }
    if ((await digestOfData(data)) !== dataDigest) {
      throw new CliError(
        "data-changed",
        `The training data at ${data} changed while version ${result.model_version} was trained on it, so nobody can say what it was trained on: train again while nothing writes there.`,
      );
    }
    const digest = await record(client, settings, result, {
      gitCommit: lineage.commit,
      gitDirty: lineage.dirty === null ? null : String(lineage.dirty),
      author: lineage.author,
      dataVersion,
      trainingDataDigest: dataDigest,
      parameters: JSON.stringify(parameters),
      promotedFrom: request.promotedFrom ?? null,
    });
    if (key) {
      const pin = { name: settings.model, version: result.model_version, digest };
      await signTraining(settings, client, key, pin, {
        stack,
        command: entry.command,
        parameters,
        data: entry.data,
        dataVersion,
        trainingDataDigest: dataDigest,
        promotedFrom: request.promotedFrom ?? null,
        author: lineage.author,
        gitCommit: lineage.commit,
        gitDirty: lineage.dirty,
        runId: result.run_id,
        startedAt,
        finishedAt,
      });
    }
    return { result, digest };
  } catch (error) {
    throw await unrecorded(error, client, settings, before, result?.model_version);
  }
}

/** What a training printed that ended well. */
function resultOf(child: ChildResult, timeoutSeconds: number): TrainingResult {
  const last = child.lastLine === "" ? "it wrote nothing" : `its last line was: ${child.lastLine}`;
  if (child.timedOut) {
    throw new CliError(
      "training",
      `Training took longer than ${timeoutSeconds} s (tollgate:train.timeoutSeconds) and was stopped; ${last}`,
    );
  }
  if (child.code !== 0) {
    const why = skopsArgument(child.tail) ?? last;
    throw new CliError("training", `Training failed with ${endOf(child)}; ${why}`);
  }
  const result = parseTrainingResult(child.stdout);
  if (result) return result;
  throw new CliError(
    "training",
    `Training ended well but printed no JSON line with run_id and model_version; ${last}`,
  );
}

/** Runs the training command in the stack's Python environment, with its registry at the settings' address. */
async function runTraining(
  context: Context,
  settings: Settings & { train: NonNullable<Settings["train"]> },
  variables: Record<string, string>,
): Promise<ChildResult> {
  const { train: entry, stack, model } = settings;
  const python = await pythonFor(settings);
  const [program = "", ...args] = entry.command;
  // Files that an import makes would be uncommitted changes of the next training.
  const unwritten = { PYTHONDONTWRITEBYTECODE: "1" };
  // The key signs what is said about the training, so the training gets neither its place nor its passphrase.
  const { TOLLGATE_SIGNING_KEY, TOLLGATE_SIGNING_PASSPHRASE, ...environment } = python.environment;
  return runChild(
    {
      command: program === "python" || program === "python3" ? python.python : program,
      args,
      cwd: settings.projectDir,
      env: { ...unwritten, ...environment, ...variables },
      timeoutSeconds: entry.timeoutSeconds,
      what: `Training ${model} for ${stack}`,
    },
    context.output,
  ).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new CliError(
      "training",
      `The training command "${program}" was not found: correct tollgate:train.command.`,
    );
  });
}

/** The last line of training's stdout that is a result; null when there is none. */
export function parseTrainingResult(stdout: string): TrainingResult | null {
  for (const line of stdout.split("\n").reverse()) {
    const result = asTrainingResult(line);
    if (result) return result;
  }
  return null;
}

/**
 * Reads one JSON text as a training result; null when it is none. A metric is optional, but what is there must be a number:
 * `{"run_id": …, "accuracy": …, "model_version": …}`, or `{"run_id": …, "r2": …, "model_version": …}` of a regression.
 */
export function asTrainingResult(text: string): TrainingResult | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { run_id, model_version, ...others } = value as Record<string, unknown>;
  const version = String(model_version);
  if (typeof run_id !== "string" || run_id === "" || !/^[1-9][0-9]*$/.test(version)) return null;
  const { accuracy } = others;
  if (accuracy !== undefined && accuracy !== null && !isMetric(accuracy)) return null;
  const metrics = Object.fromEntries(Object.entries(others).filter(([, each]) => isMetric(each)));
  return { run_id, ...metrics, model_version: version };
}

function isMetric(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * What to pass to `log_model`, where MLflow didn't save a scikit-learn model because skops wants its types named; null where
 * that isn't what went wrong.
 *
 * @param output the end of what the training wrote
 */
export function skopsArgument(output: string): string | null {
  const found = /Untrusted types found in the file: \[([^\]]*)\]/.exec(output)?.[1];
  const types = [...(found ?? "").matchAll(/'([^']+)'/g)].map(([, type]) => type!);
  if (types.length === 0) return null;
  const argument = `skops_trusted_types=${JSON.stringify(types).replaceAll(",", ", ")}`;
  return `MLflow saves this model by skops, which wants these types named: pass ${argument} to log_model.`;
}

/** `--param` words as a record. */
export function parseParameters(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$/s.exec(word) ?? [];
      if (name === undefined || value === undefined) {
        throw usageError(
          `--param "${word}" is not name=value: write it like --param model=logreg.`,
        );
      }
      return [name, value];
    }),
  );
}

/** What the training program is told. */
export function trainingVariables(
  settings: Settings,
  data: string,
  dataVersion: string,
  parameters: Readonly<Record<string, string>>,
): Record<string, string> {
  const { evaluation, projectDir } = settings;
  const named = Object.entries(parameters).map(([name, value]) => [
    `PARAM_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`,
    value,
  ]);
  return {
    MLFLOW_EXPERIMENT_NAME: settings.experiment,
    MODEL_NAME: settings.model,
    DATA_PATH: data,
    ...(evaluation ? { EVAL_DATA_PATH: resolve(projectDir, evaluation.data) } : {}),
    DATA_VERSION: dataVersion,
    TOLLGATE_STACK: settings.stack,
    ...(Object.fromEntries(named) as Record<string, string>),
  };
}

/** sha256 of a file's bytes, or of a folder's files and their paths, as a version's digest is taken. */
export async function digestOfData(path: string): Promise<string> {
  const { digestOfFolder, sha256Of } = await import("../../registry/digest");
  if (statSync(path).isDirectory()) return digestOfFolder(path);
  return `sha256:${await sha256Of(createReadStream(path))}`;
}

type Facts = Readonly<Record<string, string | null>>;

/** Writes digest and lineage on the version, after making sure that it is the one that was just trained. */
async function record(
  client: RegistryClient,
  settings: Settings,
  result: TrainingResult,
  facts: Facts,
): Promise<string> {
  const { versionTags } = await import("../../registry/evidence");
  const { model } = settings;
  const version = await readyVersion(client, settings, result.model_version);
  if (version.runId !== result.run_id) {
    throw new CliError(
      "training",
      `Training printed run ${result.run_id} and version ${version.version} of ${model}, but that version belongs to run ${version.runId ?? "(none)"}: register the version in the run that trained it.`,
    );
  }
  // Of the bytes, whatever tag the training wrote.
  const { digestOfModelVersion } = await import("../../registry/digest");
  const digest = await digestOfModelVersion(client, model, version.version);
  const tags = { digest, ...facts };
  for (const [name, value] of Object.entries(tags)) {
    if (value === null) continue;
    await client.setModelVersionTag(
      model,
      version.version,
      versionTags[name as keyof typeof versionTags],
      value,
    );
  }
  return digest;
}
