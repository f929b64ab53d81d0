import { shortDigest } from "../../policies/finding";
import { join } from "node:path";
import { samePin } from "../../history/rollback";
import type { Settings } from "../../config/settings";
import type { FetchedCandidate } from "../../admission/candidate";
import type { PinnedVersion } from "../../policies/gate";
import { OperationError } from "../../runtimes/errors";
import { operationsOf } from "../../runtimes";
import { type Context, root } from "../context";
import { admittedPin } from "../engine/admitted";
import type { EngineReport } from "../engine/events";
import { type EngineVerb, requireOwnState, runEngine } from "../engine/run";
import { causesOf } from "../engine/sentences";
import { runsProgramOf } from "../engine/stack";
import { countLine, isShown } from "../engine/steps";
import { CliError, exitCodes, reportOf } from "../errors";
import { type Judgement, judgePin, verdictsText } from "./judgement";
import { nameOfPin } from "../../history/pin-name";
import { duration, type Outcome } from "../terminal/output";
import { pythonFor } from "../registry/python";
import { servedSentence } from "./served";

/** What the gates say of a stack's pin. */
type PinJudgement = Judgement<FetchedCandidate>;

/**
 * Releases what a stack pins. The gates judge before the engine starts, because the engine would go on with what
 * doesn't depend on a refused pin; the provider's check and the policy pack judge again.
 *
 * @param before what the gates said of this pin a moment ago, for a caller who has asked them
 * @throws CliError that also says what callers get after it
 */
export async function release(
  context: Context,
  settings: Settings,
  before?: PinJudgement,
): Promise<Outcome> {
  try {
    return await judgedRelease(context, settings, before);
  } catch (error) {
    throw await withAnswer(error, settings);
  }
}

async function judgedRelease(
  context: Context,
  settings: Settings,
  before?: PinJudgement,
): Promise<Outcome> {
  const startedAt = Date.now();
  const { requireOneMove, requireReady } = operationsOf(settings);
  await requireReady(settings);
  await requireOneMove(settings);
  await requireOwnState(context, settings, "up");
  // The servers run on it, and the engine has no way to show how far its making is.
  await pythonFor(settings);
  let judgement = before ?? (await judgePin(settings));
  const started = judgement !== null && (await startedRegistry(context, settings, judgement));
  if (started) judgement = await judgePin(settings);
  const recorded = judgement?.candidate.problem?.code === "registry-unavailable";
  if (judgement?.blocked && !(recorded && (await isAdmitted(context, settings)))) {
    return refusal(
      context,
      settings,
      judgement,
      started ? "only its registry was started" : undefined,
    );
  }
  if (!runsProgramOf(root, context.projectDir)) await previewed(context, settings);
  const { decidingNow } = await import("../engine/deciding");
  const deciding = await decidingNow(settings);
  const report =
    (await unchanged(context, settings, judgement, deciding)) ??
    (await runEngine(context, settings, "up", { deciding }));
  if (!report.succeeded) throw failureOf(report, settings);
  return released(context, settings, judgement, report, Date.now() - startedAt);
}

/** What an `up` without anything to do reports, where the engine needn't be started to know; else null. */
async function unchanged(
  { output }: Context,
  settings: Settings,
  judgement: PinJudgement | null,
  deciding: string | null,
): Promise<EngineReport | null> {
  // Who wants to see what the engine says wants it run.
  if (output.verbose || deciding === null) return null;
  const { unchangedReport } = await import("../engine/unchanged");
  return unchangedReport(settings, judgement?.candidate ?? null, deciding);
}

/** A failure of an `up` with what callers get after it: the router is asked, as the engine may not have got that far. */
async function withAnswer(error: unknown, settings: Settings): Promise<unknown> {
  if (!(error instanceof OperationError)) return error;
  // Where a release was put back, its own words say what of.
  if (/callers get/i.test(error.message)) return error;
  const serving = await operationsOf(settings).servingAfterFailure(settings);
  if (!serving) return error;
  const { lastPin } = await import("../history");
  const { url, answer, problem } = serving;
  const after = answer
    ? `Callers get version ${answer.version} (${shortDigest(answer.digest)}) at ${url}.`
    : (await lastPin(settings).catch(() => null)) &&
      `Callers get no answer at ${url} (${problem}).`;
  if (!after) return error;
  return new CliError(error.code, `${error.message}\n${after}`, reportOf(error).exitCode);
}

/**
 * Some guardrails see what is wrong only when they have seen all of a program. Tollgate's own program has no surprise
 * for them; one that a user wrote is shown to them whole before anything of it is made.
 */
async function previewed(context: Context, settings: Settings): Promise<void> {
  const report = await runEngine(context, settings, "preview");
  if (!report.succeeded) throw failureOf(report, settings, "preview");
}

/**
 * The verdicts of a refused pin, as an outcome with exit code 2.
 *
 * @param changed what was done before the refusal, in a few words
 */
export async function refusal(
  context: Context,
  { stack }: Settings,
  judgement: Judgement,
  changed = "nothing was changed",
): Promise<Outcome> {
  const { candidate, verdicts } = judgement;
  const said = await verdictsText(judgement, context.output);
  // The table, and below it a sentence a line: of those, an evaluation in the same command may have said some.
  const [table = "", notes = ""] = said.split("\n\n");
  const left = notes.split("\n").filter((line) => line !== "" && !context.output.wasNoted(line));
  return {
    document: { stack, refused: true, pin: candidate.pin, verdicts },
    text: [
      `${stack} refuses ${nameOfPin(candidate.pin)}; ${changed}.`,
      "",
      table,
      ...(left.length > 0 ? ["", ...left] : []),
    ].join("\n"),
    exitCode: exitCodes.refused,
  };
}

/** Why a run of the engine failed, as one error. */
export function failureOf(
  report: EngineReport,
  { stack, stateDir }: Settings,
  verb: EngineVerb = "up",
): CliError {
  const violations = report.violations.filter(({ level }) => level === "mandatory");
  const sentences = [
    ...causesOf(report),
    ...violations.map(({ policy, message }) => `${policy}: ${message}`),
  ];
  const log = join(stateDir, "log", `last-${verb}.log`);
  return new CliError(
    violations.length > 0 ? "refused" : "failed",
    [...new Set(sentences)].join("\n") || `${verb} of ${stack} failed: see ${log}.`,
    violations.length > 0 ? exitCodes.refused : exitCodes.error,
  );
}

async function isAdmitted(context: Context, settings: Settings): Promise<boolean> {
  return samePin((await admittedPin(context, settings))?.pin, settings.pin);
}

/**
 * A new pin can't be judged while the stack's own registry is down, and `up` is what starts it. So the stack is first
 * brought up as it was admitted, which restarts the registry and changes nothing else.
 *
 * @returns was there anything to do?
 */
async function startedRegistry(
  context: Context,
  settings: Settings,
  judgement: Judgement,
): Promise<boolean> {
  if (judgement.candidate.problem?.code !== "registry-unavailable") return false;
  if (!settings.trackingServer.managed) return false;
  const admitted = await admittedPin(context, settings);
  if (samePin(admitted?.pin, settings.pin)) return false;
  context.output.note("The registry doesn't run: starting it, so that the pin can be judged.");
  const before: PinnedVersion | null = admitted?.pin ?? null;
  const report = await runEngine(context, settings, "up", { pin: before });
  if (!report.succeeded) throw failureOf(report, settings);
  return true;
}

function next(settings: Settings, url: string | undefined): string {
  const { stack, pin } = settings;
  if (!pin) return `tollgate train --stack ${stack}`;
  const status = `tollgate status --stack ${stack}`;
  const reachable = url && operationsOf(settings).isReachableHere(settings);
  return reachable ? `curl ${url}/health, or ${status}` : status;
}

async function released(
  context: Context,
  settings: Settings,
  judgement: Judgement | null,
  report: EngineReport,
  milliseconds: number,
): Promise<Outcome> {
  const { stack, pin } = settings;
  const steps = [...report.steps.values()].filter(isShown);
  const { url, trackingUri } = report.outputs as Record<string, string | undefined>;
  const ownProgram = !runsProgramOf(root, context.projectDir);
  const lines = [
    pin
      ? await servedSentence(settings, pin, url, ownProgram)
      : `${stack} has its registry and pins no version yet.`,
    ...(url ? [`  model     ${url}`] : []),
    `  registry  ${trackingUri ?? settings.trackingServer.uri}`,
    `  ${countLine(steps, "done")}, ${duration(milliseconds)}`,
    `Next: ${next(settings, url)}`,
  ];
  return {
    document: {
      stack,
      refused: false,
      pin,
      url: url ?? null,
      trackingUri: trackingUri ?? settings.trackingServer.uri,
      changes: steps.map(({ operation, type, name }) => ({ operation, type, name })),
      verdicts: judgement?.verdicts ?? [],
      seconds: milliseconds / 1000,
    },
    text: lines.join("\n"),
  };
}
