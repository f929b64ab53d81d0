import { statSync } from "node:fs";
import path from "node:path";
import type { Settings } from "../config/settings";
import packageJson from "../package.json";
import { localFiles } from "../runtimes/local/processes/commands";
import { gitFacts } from "./git";
import { lastPin } from "./history";

/** One-row requests the latency is measured with. */
const requests = 200;

/** Seed of everything an evaluation draws at random: the same evidence for the same bytes and data. */
const seed = 0;

/**
 * What `tollgate_serving.evaluate` is to measure, as its `--spec` file holds it: the settings of every gate that judges
 * here say what, so that nothing is declared twice.
 *
 * @param signingKey private key that signs the evidence, absolute; null leaves it unsigned
 */
export async function evaluationSpec(
  settings: Settings & { evaluation: NonNullable<Settings["evaluation"]> },
  version: string,
  signingKey: string | null,
): Promise<object> {
  const { evaluation, train, projectDir, gates } = settings;
  const training = train && isFile(path.resolve(projectDir, train.data)) ? train.data : null;
  return {
    model: settings.model,
    version,
    tracking_uri: settings.trackingServer.uri,
    data: path.resolve(projectDir, evaluation.data),
    data_path: evaluation.data,
    label: evaluation.label,
    task: evaluation.task,
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
    signing_key: signingKey,
  };
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
