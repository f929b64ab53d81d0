import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import type { InspectedBytes } from "../../policies/before-loading";
import type { PinnedVersion } from "../../policies/gate";
import type { Context } from "../context";
import { CliError } from "../errors";
import { EvaluationSteps } from "./steps";
import { startSigner } from "../signing/evidence-signer";
import { type Judgement, judgeVersion } from "../releasing/judgement";
import type { Options } from "../verb";

/** Gates of the promotion, not of the version: what they want comes after the evaluation, so they only inform here. */
const laterGates = ["soak", "approvals", "window"];
/** Is a verdict about the version itself? */
export const isOfVersion = ({ gate }: { gate: string }) => !laterGates.includes(gate);

async function refusesVersion(verdicts: Judgement["verdicts"]): Promise<boolean> {
  const { blocked } = await import("../../policies/judge");
  return blocked(verdicts.filter(isOfVersion));
}

/** What an evaluation found. */
export interface Evaluation extends Judgement {
  pin: PinnedVersion;
  /** False: its bytes were refused, so no scorer was started and nothing was measured or recorded. */
  loaded: boolean;
}

/**
 * Measures a registered version on the stack's pinned evaluation data, by asking real scorers, records the evidence in
 * the registry and judges it by the stack's gates. Its bytes are judged first: what a mandatory gate refuses there is
 * never loaded. One that advises lets it be measured, unsigned.
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
  const { evaluation, stack } = settings;
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
  // A stack that can't be judged is told before anything takes long.
  const signer = key ? await startSigner(settings, resolve(key)) : null;
  const folder = mkdtempSync(join(tmpdir(), "tollgate-evaluate-"));
  const steps = new EvaluationSteps(context, { ...settings, evaluation }, version, folder);
  let promising = false;
  try {
    const { pin, bytes } = await steps.inspect();
    const found = await judgeInspected(settings, pin, bytes);
    if (found.blocked) return { pin, loaded: false, ...found };
    await steps.measure();
    const refusal = found.verdicts.find((verdict) => verdict.status === "refused");
    if (signer && refusal) {
      context.output.note(
        `The evidence stays unsigned: ${refusal.gate} refuses the version, and only advises in ${stack}.`,
        "yellow",
      );
    } else if (signer) {
      steps.keepSignature(await signer.sign(steps.evidence()));
    }
    await steps.record();
    const judgement = await judgeVersion(settings, pin);
    promising = !(await refusesVersion(judgement.verdicts));
    return { pin, loaded: true, ...judgement };
  } finally {
    signer?.end();
    // Only what may be released is worth its room.
    if (!promising) steps.forget();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Judges a version by its bytes, as if the stack pinned it. */
async function judgeInspected(
  settings: Settings,
  pin: PinnedVersion,
  bytes: InspectedBytes,
): Promise<Judgement> {
  const { fetchCandidate } = await import("../../admission/candidate");
  const { judgeBytes } = await import("../../policies/before-loading");
  const { blocked } = await import("../../policies/judge");
  const candidate = (await fetchCandidate({ ...settings, pin }, false))!;
  const verdicts = judgeBytes(candidate, bytes, settings.gates);
  return { candidate, verdicts, blocked: blocked(verdicts) };
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
  const { asText } = await import("../../policies/present");
  const { classLines } = await import("../../policies/class-table");
  const { pin, verdicts, candidate } = evaluation;
  const measured = verdicts.filter(isOfVersion);
  const evidence = evaluation.loaded ? candidate.evidence : null;
  const pending = verdicts.filter((verdict) => !isOfVersion(verdict) && !verdict.passed);
  const refused = await refusesVersion(verdicts);
  const accuracy = verdicts.find(({ subject }) => subject === "accuracy");
  return {
    refused,
    document: {
      passed: !refused,
      accuracy: evidence?.metrics.accuracy ?? null,
      threshold: accuracy?.threshold ?? null,
      model_version: pin.version,
      run_id: evidence?.lineage.runId ?? null,
      pin,
      verdicts: measured,
      pending,
      evidence,
    },
    lines: [
      asText(measured, { colours: context.output.colours, columns: context.output.columns }),
      ...withGap(evidence ? classLines(evidence) : []),
      ...(evaluation.loaded
        ? []
        : ["", "Its bytes were refused, so it wasn't loaded, and nothing was measured."]),
      ...(pending.length > 0 ? ["", "Asked for once it is pinned:"] : []),
      ...pending.map(({ gate, reason }) => `${gate}: ${reason}`),
    ],
  };
}

/** After an empty line, where there are any. */
function withGap(lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? ["", ...lines] : [];
}
