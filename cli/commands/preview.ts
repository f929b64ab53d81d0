import type { FetchedCandidate } from "../../admission/candidate";
import type { Settings } from "../../config/settings";
import type { Context } from "../context";
import { operationsOf } from "../../runtimes";
import { admissionIn } from "../engine/admitted";
import type { EngineReport } from "../engine/events";
import { requireOwnState, runEngine } from "../engine/run";
import { causesOf } from "../engine/sentences";
import { CliError, exitCodes } from "../errors";
import {
  type Judgement,
  judgeCandidate,
  judgePin,
  requireNoStranger,
} from "../releasing/judgement";
import { previewDocument, previewMarkdown, previewText } from "../releasing/preview";
import type { Run } from "../verb";

/** `tollgate preview`: what would change, the move of the pin, every verdict. Exit code 2 when the pin is refused. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const { requireOneMove, requireReady } = operationsOf(settings);
  await requireReady(settings);
  await requireOwnState(context, settings, "preview");
  await requireNoStranger(settings);
  await requireOneMove(settings);
  const judged = judgePin(settings);
  const [expected, report] = await Promise.all([
    judged,
    unchanged(context, settings, judged).then(
      (found) => found ?? runEngine(context, settings, "preview"),
    ),
  ]);
  const judgement = await whatTheEngineJudged(settings, report, expected);
  const mandatory = report.violations.filter(({ level }) => level === "mandatory");
  const refused = judgement?.blocked === true || mandatory.length > 0;
  if (!refused && !report.succeeded) {
    throw new CliError(
      "preview",
      causesOf(report).join("\n") || `The preview of ${settings.stack} failed.`,
    );
  }
  const { lastPin } = await import("../history");
  const from = admissionIn(report).before?.pin ?? (await lastPin(settings));
  const preview = { settings, report, judgement, from, refused };
  const { colours, columns } = context.output;
  return {
    document: previewDocument(preview),
    text: await (options.markdown
      ? previewMarkdown(preview)
      : previewText(preview, { colours, columns })),
    verbatim: options.markdown === true,
    exitCode: refused ? exitCodes.refused : exitCodes.done,
  };
};

/** What the engine would report where nothing has changed since the last `up`; null where it has to be asked. */
async function unchanged(
  { output }: Context,
  settings: Settings,
  judged: Promise<Judgement<FetchedCandidate> | null>,
): Promise<EngineReport | null> {
  // Who wants to see what the engine says wants it run.
  if (output.verbose) return null;
  const [{ decidingNow }, { mayPreviewUnchanged, unchangedReport }] = await Promise.all([
    import("../engine/deciding"),
    import("../engine/unchanged"),
  ]);
  const deciding = await decidingNow(settings);
  if (deciding === null || !mayPreviewUnchanged(settings, deciding)) return null;
  const judgement = await judged;
  const report = await unchangedReport(settings, judgement?.candidate ?? null, deciding);
  if (!report || !judgement) return report;
  const { advice } = await import("../../policies/judge");
  return { ...report, violations: advice(judgement.verdicts) };
}

/**
 * The provider may judge recorded evidence where the registry is silent: when the engine shows what it admitted, that
 * is what counts.
 */
async function whatTheEngineJudged(
  settings: Settings,
  report: EngineReport,
  expected: Judgement | null,
): Promise<Judgement | null> {
  const { after } = admissionIn(report);
  if (!after || !expected) return expected;
  const { candidateOf } = await import("../../policies/admission");
  return judgeCandidate(candidateOf(after), settings);
}
