import { basename, dirname, join, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import type { OfflineJudgement } from "../../admission/offline";
import { longestClaim } from "../../policies/claimed";
import { evidenceLimits } from "../../registry/evidence-document";
import type { Context } from "../context";
import { CliError, exitCodes, usageError } from "../errors";
import { readFileUpTo, readStdinUpTo } from "../input";
import { verdictsText } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import type { Outcome } from "../terminal/output";
import type { Options, Run } from "../verb";

/** Longest envelope that is read, in bytes; a usual one has 1 kB. */
const longestSignature = 1024 * 1024;

/** `tollgate gate`: a verdict on a document, or on a number from stdin, with no registry and no secret. */
export const run: Run = async (context, options) => {
  if (options.evidence === undefined) return judgeStdin(context, options);
  if (options.floor !== undefined) {
    throw usageError("--floor is for a number on stdin: with --evidence the settings have limits.");
  }
  return judgeFile(context, options);
};

async function judgeFile(context: Context, options: Options): Promise<Outcome> {
  const settings = await settingsOf(context, options);
  const { judgeEvidenceFile } = await import("../../admission/offline");
  const file = resolve(String(options.evidence));
  const read = readFileUpTo(file, evidenceLimits.bytes);
  const judgement = await judgeEvidenceFile(settings, {
    document: "absent" in read ? { absent: `${read.absent}; correct --evidence` } : read,
    signature: envelopeBeside(signatureOf(file), "signature", options.signature),
    provenance: envelopeBeside(provenanceOf(file), "provenance", options.provenance),
  });
  const text = options.markdown ? markdownOf : textOf;
  return {
    document: documentOf(settings, judgement),
    text: await text(settings, judgement, context),
    verbatim: options.markdown === true,
    exitCode: judgement.blocked ? exitCodes.refused : exitCodes.done,
  };
}

/** Of `--settings`, a stack's file in its project folder; else those of the stack here. */
async function settingsOf(context: Context, { settings }: Options): Promise<Settings> {
  if (settings === undefined) return context.settings();
  const [{ loadFromFile }, { stackFile, stackOf }] = await Promise.all([
    import("../../config/load"),
    import("../../project/stack-files"),
  ]);
  const file = resolve(String(settings));
  const stack = stackOf(file);
  if (stack === null) {
    throw new CliError(
      "settings",
      `${file} is not a stack's settings: name a Pulumi.<stack>.yaml in its project folder.`,
    );
  }
  const folder = dirname(file);
  const read = stackFile(folder, stack);
  if (read !== file) {
    throw new CliError("settings", `${file} has ${read} beside it, which counts: remove one.`);
  }
  return loadFromFile(folder, stack);
}

/** The envelope that was named, or the one beside the document; null when there is none beside it. */
function envelopeBeside(
  beside: string,
  what: "signature" | "provenance",
  named: unknown,
): string | null {
  const file = named === undefined ? beside : resolve(String(named));
  const read = readFileUpTo(file, longestSignature);
  if (!("absent" in read)) return read.toString("utf8");
  if (named === undefined) return null;
  throw new CliError(`no-${what}`, `There is no ${what} to check, as ${read.absent}.`);
}

function signatureOf(evidence: string): string {
  return `${evidence.replace(/\.json$/, "")}.dsse.json`;
}

/** As the registry's artifacts are named: `provenance-2.dsse.json` belongs to `evidence-2.json`. */
function provenanceOf(evidence: string): string {
  const name = basename(evidence).replace(/^evidence/, "provenance");
  return signatureOf(join(dirname(evidence), name));
}

/** Nothing in here depends on when or where it was judged: the same document gives the same bytes. */
function documentOf(settings: Settings, { candidate, ...judgement }: OfflineJudgement) {
  const { stack, pin, evidenceDigest, pack } = candidate;
  const { blocked, verdicts, notLookedAt } = judgement;
  return {
    stack,
    tier: settings.tier,
    pin,
    evidenceDigest,
    packDigest: pack.digest,
    blocked,
    verdicts,
    notLookedAt,
  };
}

async function textOf(
  settings: Settings,
  judgement: OfflineJudgement,
  { output }: Context,
): Promise<string> {
  const { candidate, blocked, notLookedAt } = judgement;
  return [
    `${subjectOf(candidate)}, judged by the gates of ${settings.stack}`,
    "",
    await verdictsText(judgement, output),
    "",
    ...notLookedAt,
    closing(settings, blocked),
  ].join("\n");
}

async function markdownOf(
  settings: Settings,
  { candidate, verdicts, blocked, notLookedAt }: OfflineJudgement,
): Promise<string> {
  const [{ asMarkdown }, { waiverProblems }] = await presentation();
  const { classMarkdown } = await import("../../policies/class-table");
  return [
    `### Tollgate: \`${settings.stack}\`, ${blocked ? "refused" : "passed"}`,
    "",
    `${subjectOf(candidate)}, judged without a registry`,
    "",
    asMarkdown(verdicts, { waiverProblems: waiverProblems(candidate, verdicts) }),
    "",
    ...(candidate.evidence?.classes ? [...classMarkdown(candidate.evidence), ""] : []),
    ...notLookedAt,
  ].join("\n");
}

function subjectOf({ evidence, pin }: OfflineJudgement["candidate"]): string {
  return evidence ? nameOfPin(pin) : "No readable evidence";
}

function presentation() {
  return Promise.all([import("../../policies/present"), import("../../policies/waivers")]);
}

function closing({ stack }: Settings, refused: boolean): string {
  return refused ? `Refused in ${stack}.` : `Passed in ${stack}.`;
}

/** The gate step of a pipeline: `{"run_id": …, "accuracy": …, "model_version": …}` in, the same and a decision out. */
async function judgeStdin(context: Context, options: Options): Promise<Outcome> {
  if (process.stdin.isTTY) {
    throw usageError(
      'Name a document with --evidence, or pipe in what training prints: {"run_id": ..., "accuracy": ..., "model_version": ...}.',
    );
  }
  const { judgeClaim, parseClaim, refuseUnreadableClaim } = await import("../../policies/claimed");
  const { limits, level, model, others } = await limitsFor(context, options);
  const claim = parseClaim(await readStdinUpTo(longestClaim));
  const readable = !("unreadable" in claim);
  const verdicts = readable
    ? judgeClaim(claim, `${model} v${claim.version}`, limits, level)
    : refuseUnreadableClaim(claim);
  const [{ blocked }, { asText, asMarkdown }] = await Promise.all([
    import("../../policies/judge"),
    import("../../policies/present"),
  ]);
  const refused = blocked(verdicts);
  const note = `A number on stdin is no evidence: only metric-floor was judged${others}.`;
  const shown = options.markdown
    ? asMarkdown(verdicts)
    : asText(verdicts, { colours: context.output.colours, columns: context.output.columns });
  return {
    document: {
      passed: !refused,
      accuracy: readable ? (claim.metrics.accuracy ?? null) : null,
      threshold: limits.floors.accuracy ?? null,
      model_version: readable ? claim.version : null,
      run_id: readable ? claim.runId : null,
      verdicts,
      note,
    },
    text: [shown, "", note].join("\n"),
    verbatim: options.markdown === true,
    exitCode: refused ? exitCodes.refused : exitCodes.done,
  };
}

/** Limits from `--floor`, or those of a stack's metric-floor. */
async function limitsFor(context: Context, options: Options) {
  if (options.floor !== undefined) {
    const floors = await parseFloors(options.floor as string[]);
    return {
      limits: { floors, ceilings: {} },
      level: "mandatory",
      model: "the model",
      others: "",
    } as const;
  }
  const { limitsOf } = await import("../../policies/claimed");
  const { gates, model, stack } = await settingsOf(context, options);
  const found = limitsOf(gates);
  if (!found) {
    throw usageError(
      `metric-floor is disabled in ${stack}, so it has no limit to judge a number by: give one with --floor accuracy=0.9.`,
    );
  }
  const others = Object.entries(gates).filter(
    ([name, { level }]) => name !== "metric-floor" && level !== "disabled",
  ).length;
  return { ...found, model, others: `, and none of the other ${others} gates of ${stack}` };
}

async function parseFloors(given: readonly string[]): Promise<Record<string, number>> {
  const { isLimit } = await import("../../policies/claimed");
  const entries = given.map((text): [string, number] => {
    const [, metric = "", number = ""] = /^([A-Za-z][\w.-]*)=(\S+)$/.exec(text) ?? [];
    const floor = Number(number);
    if (metric !== "" && Number.isFinite(floor) && isLimit(metric, floor)) return [metric, floor];
    throw usageError(`--floor ${text} is no limit: write <metric>=<number>, such as accuracy=0.9.`);
  });
  return Object.fromEntries(entries);
}
