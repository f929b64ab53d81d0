import { createReadStream, existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../config/settings";
import type { RegistryClient } from "../registry/client";
import { type ChildResult, endOf, runChild } from "./child";
import type { Context } from "./context";
import { CliError, usageError } from "./errors";
import { gitFacts } from "./git";
import { pythonFor } from "./python";
import { digestOf, readyVersion, registryOf, withReachableRegistry } from "./registry";

/** What training prints as its last JSON line. */
export interface TrainingResult {
  run_id: string;
  accuracy: number;
  model_version: string;
}

export interface TrainedVersion extends TrainingResult {
  digest: string;
}

export interface TrainingRequest {
  /** On top of the settings' parameters. */
  parameters: Readonly<Record<string, string>>;
  /** `<stack>:<version>@<digest>` of what this training repeats, if it does. */
  promotedFrom?: string;
  /** Replaces the settings' data version. */
  dataVersion?: string;
}

/**
 * Runs the project's own training in a stack's environment and writes the lineage on the version it registered.
 *
 * @throws CliError when it fails, prints no result, or registered something else
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
  const dataDigest = await digestOfData(data);
  const lineage = gitFacts(settings.projectDir);
  const parameters = { ...entry.parameters, ...request.parameters };
  const dataVersion = request.dataVersion ?? entry.dataVersion ?? dataDigest;
  const child = await withReachableRegistry(settings, async (reachable) =>
    runTraining(
      context,
      { ...reachable, train: entry },
      trainingVariables(settings, data, dataVersion, parameters),
    ),
  );
  const last = child.lastLine === "" ? "it wrote nothing" : `its last line was: ${child.lastLine}`;
  if (child.timedOut) {
    throw new CliError(
      "training",
      `Training took longer than ${entry.timeoutSeconds} s (tollgate:train.timeoutSeconds) and was stopped; ${last}`,
    );
  }
  if (child.code !== 0)
    throw new CliError("training", `Training failed with ${endOf(child)}; ${last}`);
  const result = parseTrainingResult(child.stdout);
  if (!result) {
    throw new CliError(
      "training",
      `Training ended well but printed no JSON line with run_id, accuracy and model_version; ${last}`,
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
  return { ...result, digest };
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
  return runChild(
    {
      command: program === "python" || program === "python3" ? python.python : program,
      args,
      cwd: settings.projectDir,
      env: { ...python.environment, ...variables },
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

/** Reads one JSON text as a training result; null when it is none. */
export function asTrainingResult(text: string): TrainingResult | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { run_id, accuracy, model_version } = value as Record<string, unknown>;
  const version = String(model_version);
  if (typeof run_id !== "string" || run_id === "" || !/^[1-9][0-9]*$/.test(version)) return null;
  if (typeof accuracy !== "number" || !Number.isFinite(accuracy)) return null;
  return { run_id, accuracy, model_version: version };
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
  const { digestOfFolder, sha256Of } = await import("../registry/digest");
  if (statSync(path).isDirectory()) return digestOfFolder(path);
  return `sha256:${await sha256Of(createReadStream(path))}`;
}

type Facts = Readonly<Record<string, string | null>>;

/** Writes digest and lineage on the version, after making sure that it is the one that was just trained. */
async function record(
  client: RegistryClient,
  { model }: Settings,
  result: TrainingResult,
  facts: Facts,
): Promise<string> {
  const { versionTags } = await import("../registry/evidence");
  const version = await readyVersion(client, model, result.model_version);
  if (version.runId !== result.run_id) {
    throw new CliError(
      "training",
      `Training printed run ${result.run_id} and version ${version.version} of ${model}, but that version belongs to run ${version.runId ?? "(none)"}: register the version in the run that trained it.`,
    );
  }
  const digest = await digestOf(client, version);
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
