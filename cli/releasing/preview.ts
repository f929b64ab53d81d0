import { samePin } from "../../history/rollback";
import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import { reviewRecord, reviewText } from "../../history/review";
import type { EngineReport, Step } from "../engine/events";
import { countLine, isShown, kindOf, plannedLine } from "../engine/steps";
import { type Judgement, verdictsText } from "./judgement";
import { gateNameIn } from "../../policies/policy-names";
import { nameOfPin } from "../../history/pin-name";

/** Everything a preview shows. */
export interface Preview {
  settings: Pick<Settings, "stack" | "pin">;
  report: EngineReport;
  /** Null when nothing is pinned. */
  judgement: Judgement | null;
  /** What is deployed now. */
  from: PinnedVersion | null;
  refused: boolean;
}

/** First line of the comment: by it, a workflow finds the comment to update. */
export function marker(stack: string): string {
  return `<!-- tollgate preview: ${stack} -->`;
}

/** The document of `preview --json`. */
export function previewDocument({ settings, report, judgement, from, refused }: Preview) {
  return {
    stack: settings.stack,
    refused,
    pin: { from, to: settings.pin, changes: !samePin(from, settings.pin) },
    changes: shown(report).map(({ operation, type, name, properties }) => ({
      operation,
      type,
      name,
      properties,
    })),
    settings: judgement?.candidate.review ? reviewRecord(judgement.candidate.review) : null,
    verdicts: judgement?.verdicts ?? [],
    violations: report.violations,
  };
}

/** A preview for a terminal. */
export async function previewText(
  preview: Preview,
  look: { colours: boolean; columns?: number },
): Promise<string> {
  const { report, judgement, refused } = preview;
  const steps = shown(report);
  return [
    pinMove(preview),
    ...settingsLine(judgement).map((line) => `Settings ${line}`),
    "",
    ...(judgement ? [await verdictsText(judgement, look), ""] : []),
    ...(refused ? [] : [...steps.map(plannedLine), countLine(steps, "planned")]),
    ...strangers(preview),
    closing(preview),
  ].join("\n");
}

/** A preview as one pull-request comment. */
export async function previewMarkdown(preview: Preview): Promise<string> {
  const { settings, report, judgement, refused } = preview;
  const { asMarkdown } = await import("../../policies/present");
  const { classMarkdown } = await import("../../policies/class-table");
  const evidence = judgement?.candidate.evidence;
  const waiverProblems = judgement ? await problemsOf(judgement) : [];
  const steps = shown(report);
  const rows = steps.map((step) => {
    const what = step.properties.map((property) => `\`${property}\``).join(", ");
    return `| ${step.operation} | ${kindOf(step.type)} | \`${step.name}\` | ${what} |`;
  });
  const table = ["| change | what | name | properties |", "| --- | --- | --- | --- |", ...rows];
  const title = refused ? "refused" : steps.length === 0 ? "nothing to change" : "can be released";
  return [
    marker(settings.stack),
    `### Tollgate: \`${settings.stack}\`, ${title}`,
    "",
    `**Pin** ${pinMove(preview)}`,
    "",
    ...settingsLine(judgement).flatMap((line) => [`**Settings** ${line}`, ""]),
    ...(judgement
      ? ["#### Gates", "", asMarkdown(judgement.verdicts, { waiverProblems }), ""]
      : []),
    ...(evidence?.classes ? [...classMarkdown(evidence), ""] : []),
    `#### Changes: ${refused ? "none, the pin is refused" : countLine(steps, "planned")}`,
    "",
    // The engine stops at a refused pin: what it had come to by then would be half the truth.
    ...(steps.length > 0 && !refused ? [...table, ""] : []),
    ...strangers(preview),
    closing(preview),
  ].join("\n");
}

/** Why waivers of the pin don't count. */
async function problemsOf({ candidate, verdicts }: Judgement): Promise<string[]> {
  const { waiverProblems } = await import("../../policies/waivers");
  return waiverProblems(candidate, verdicts);
}

/** The effective settings digest, and what it was compared with; nothing where nothing is judged. */
function settingsLine(judgement: Judgement | null): string[] {
  const review = judgement?.candidate.review;
  return review ? [reviewText(reviewRecord(review), review.differences.length)] : [];
}

function shown(report: EngineReport): Step[] {
  return [...report.steps.values()].filter(isShown);
}

function pinMove({ settings: { pin, stack }, from }: Preview): string {
  if (samePin(from, pin))
    return pin ? `stays: ${stack} serves ${nameOfPin(pin)}` : `none: ${stack} pins no version`;
  return `${from ? nameOfPin(from) : "none"} -> ${pin ? nameOfPin(pin) : "none"}`;
}

/** Violations of policies that aren't gates of the pin: the gates' verdicts are in the table already. */
function strangers({ report, judgement }: Preview): string[] {
  const told = new Set(judgement?.verdicts.map(({ gate }) => gate));
  return report.violations
    .filter(({ policy }) => !told.has(gateNameIn(policy)))
    .map(({ policy, level, message }) => `${policy} (${level}): ${message}`);
}

function closing({ settings: { stack }, refused }: Preview): string {
  return refused
    ? `Refused: \`tollgate up --stack ${stack}\` would change nothing.`
    : `Next: \`tollgate up --stack ${stack}\``;
}
