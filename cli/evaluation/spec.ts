import { statSync } from "node:fs";
import path from "node:path";
import { loadFromFile } from "../../config/load";
import type { Settings } from "../../config/settings";
import packageJson from "../../package.json";
import { SettingsError } from "../../project/errors";
import { stackNames } from "../../project/stack-files";
import { RegistryError } from "../../registry/errors";
import { versionTags } from "../../registry/evidence";
import { scorerOptions } from "../../runtimes/local/scorer-command";
import { localFiles } from "../../runtimes/local/files";
import { gitFacts } from "../git";
import { lastPin } from "../history";
import { registryOf } from "../registry/registry";
import { digestOfData } from "../training/training";

/** One-row requests the latency is measured with. */
const requests = 200;

/** Seed of everything an evaluation draws at random: the same evidence for the same bytes and data. */
const seed = 0;

/**
 * What an evaluation is to measure, as the `--spec` file of its steps holds it: the settings of every gate that judges
 * here say what, so that nothing is declared twice.
 *
 * @param captureFile where its scorers keep rows when the stack's do; nobody reads it
 */
export async function evaluationSpec(
  settings: Settings & { evaluation: NonNullable<Settings["evaluation"]> },
  version: string,
  captureFile: string,
): Promise<object> {
  const { evaluation, projectDir, gates } = settings;
  const training = await trainingDataOf(settings, version);
  return {
    model: settings.model,
    version,
    tracking_uri: settings.trackingServer.uri,
    data: path.resolve(projectDir, evaluation.data),
    data_path: evaluation.data,
    label: evaluation.label,
    task: evaluation.task,
    positive: evaluation.positive,
    answer: evaluation.answer ?? {},
    stage: settings.stage,
    requests,
    evaluator_version: packageJson.version,
    gates: Object.fromEntries(
      Object.entries(gates)
        .filter(([, { level }]) => level !== "disabled")
        .map(([name, gate]) => [name, gate.settings]),
    ),
    deployed: await lastPin(settings),
    training_data: training && path.resolve(projectDir, training),
    training_data_path: training,
    project_dir: projectDir,
    captured: localFiles(settings.stateDir).captured,
    max_rows: evaluation.maxRows,
    seed,
    git_commit: gitFacts(projectDir).commit,
    start_timeout_seconds: settings.scorer.startTimeoutSeconds,
    scorer_options: scorerOptions(settings, captureFile),
  };
}

/**
 * Where the data is that a version was trained on, seen from the project folder: the stack's own, or, for bytes that were
 * trained in another environment of this project, that one's. Null when there is none at hand.
 */
async function trainingDataOf(settings: Settings, version: string): Promise<string | null> {
  const { projectDir } = settings;
  const own = dataFile(settings);
  const wanted = await trainedOn(settings, version);
  if (wanted === null || (own && (await digestOfData(path.resolve(projectDir, own))) === wanted)) {
    return own;
  }
  for (const stack of stackNames(projectDir).filter((each) => each !== settings.stack)) {
    const other = dataFile(await loadFromFile(projectDir, stack).catch(unreadable));
    if (other && (await digestOfData(path.resolve(projectDir, other))) === wanted) return other;
  }
  return own;
}

/** Digest of the data that a version's tag names; null without one. The gates compare it with what was signed. */
async function trainedOn(settings: Settings, version: string): Promise<string | null> {
  const client = await registryOf(settings);
  try {
    const { tags } = await client.getModelVersion(settings.model, version);
    return tags[versionTags.trainingDataDigest] ?? null;
  } catch (error) {
    // The first step of the evaluation meets the same, and says it.
    if (error instanceof RegistryError) return null;
    throw error;
  }
}

function dataFile(settings: Settings | null): string | null {
  const data = settings?.train?.data;
  return data && isFile(path.resolve(settings.projectDir, data)) ? data : null;
}

/** Another stack's file may be wrong: that is for its own commands to say. */
function unreadable(error: unknown): null {
  if (error instanceof SettingsError) return null;
  throw error;
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
