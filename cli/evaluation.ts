import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import { type ChildResult, endOf, runChild } from "./child";
import type { Context } from "./context";
import { CliError } from "./errors";
import { evaluationSpec } from "./evaluation-spec";
import { type Judgement, judgeVersion } from "./judgement";
import { pythonFor } from "./python";
import { withReachableRegistry } from "./registry";
import type { Options } from "./verbs";

/** Longest time one evaluation may take. */
const timeoutSeconds = 3600;

/** Gates of the promotion, not of the version: what they want comes after the evaluation, so they only inform here. */
const laterGates = ["soak", "approvals", "window"];

/** What an evaluation found. */
export interface Evaluation extends Judgement {
  pin: PinnedVersion;
}

/**
 * Measures a registered version on the stack's pinned evaluation data, through the real scorer, records the evidence
 * in the registry and judges it by the stack's gates.
 *
 * @param options `--key`: the private key that signs the evidence; default TOLLGATE_SIGNING_KEY, else it stays unsigned
 * @throws CliError when it can't be measured
 */
export async function evaluate(
  context: Context,
  settings: Settings,
  version: string,
  options: Options,
): Promise<Evaluation> {
  const { evaluation, stack, model } = settings;
  if (!evaluation) {
    throw new CliError(
      "settings",
      `Stack ${stack} has no tollgate:evaluation: say its data and label in Pulumi.${stack}.yaml.`,
    );
  }
  const data = resolve(settings.projectDir, evaluation.data);
  if (!existsSync(data)) {
    throw new CliError(
      "no-data",
      `There is no evaluation data at ${data}: correct tollgate:evaluation.data in Pulumi.${stack}.yaml.`,
    );
  }
  const key = (options.key as string | undefined) ?? process.env.TOLLGATE_SIGNING_KEY;
  const signingKey = key ? resolve(key) : null;
  const folder = mkdtempSync(join(tmpdir(), "tollgate-evaluate-"));
  try {
    const out = join(folder, "evidence.json");
    const child = await withReachableRegistry({ ...settings, evaluation }, async (reachable) => {
      const spec = join(folder, "spec.json");
      writeFileSync(spec, JSON.stringify(await evaluationSpec(reachable, version, signingKey)));
      return runEvaluator(context, reachable, version, spec, out);
    });
    if (child.timedOut)
      throw new CliError(
        "evaluation",
        `The evaluation took longer than ${timeoutSeconds} s and was stopped.`,
      );
    if (child.code !== 0) {
      throw new CliError(
        "evaluation",
        `The evaluation of ${model} version ${version} failed with ${endOf(child)}: ${reasonOf(child)}`,
      );
    }
    const evidence = JSON.parse(readFileSync(out, "utf8")) as { model: { digest: string } };
    const pin = { name: model, version, digest: evidence.model.digest };
    return { pin, ...(await judgeVersion(settings, pin)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the evaluator in the stack's Python environment, with its registry at the settings' address. */
async function runEvaluator(
  context: Context,
  settings: Settings,
  version: string,
  spec: string,
  out: string,
): Promise<ChildResult> {
  const { python, environment } = await pythonFor(settings);
  return runChild(
    {
      command: python,
      args: ["-m", "tollgate_serving.evaluate", "--spec", spec, "--out", out],
      cwd: settings.projectDir,
      env: environment,
      timeoutSeconds,
      showStdout: false,
      what: `Evaluating ${settings.model} version ${version}`,
    },
    context.output,
  );
}

/** The reason is on the evaluator's stdout, which isn't shown as it comes, so that it is said once. */
function reasonOf({ stdout, lastLine }: ChildResult): string {
  try {
    return (JSON.parse(stdout) as { error?: string }).error ?? lastLine;
  } catch {
    return lastLine; // It was killed before it could say.
  }
}

/** An evaluation as shown: the document of `--json`, lines for a person, and whether a gate refuses. */
export interface DescribedEvaluation {
  document: object;
  lines: string[];
  refused: boolean;
}

/** Approvals belong to the pin, which comes later: they are shown as pending and refuse nothing yet. */
export async function describeEvaluation(
  context: Context,
  evaluation: Evaluation,
): Promise<DescribedEvaluation> {
  const { blocked } = await import("../policies/judge");
  const { asText } = await import("../policies/present");
  const { pin, verdicts, candidate } = evaluation;
  const isLater = ({ gate }: { gate: string }) => laterGates.includes(gate);
  const measured = verdicts.filter((verdict) => !isLater(verdict));
  const pending = verdicts.filter((verdict) => isLater(verdict) && !verdict.passed);
  const refused = blocked(measured);
  const accuracy = verdicts.find(({ subject }) => subject === "accuracy");
  return {
    refused,
    document: {
      passed: !refused,
      accuracy: candidate.evidence?.metrics.accuracy ?? null,
      threshold: accuracy?.threshold ?? null,
      model_version: pin.version,
      run_id: candidate.evidence?.lineage.runId ?? null,
      pin,
      verdicts: measured,
      pending,
      evidence: candidate.evidence,
    },
    lines: [
      asText(measured, { colours: context.output.colours }),
      ...(pending.length > 0 ? ["", "Asked for once it is pinned:"] : []),
      ...pending.map(({ gate, reason }) => `${gate}: ${reason}`),
    ],
  };
}
