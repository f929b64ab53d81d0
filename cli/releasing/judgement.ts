import { releasePlace, type Settings } from "../../config/settings";
import type { FetchedCandidate } from "../../admission/candidate";
import type { Candidate, PinnedVersion, Verdict } from "../../policies/gate";
import { operationsOf } from "../../runtimes";
import { refuseStrangers } from "../../runtimes/errors";
import { CliError } from "../errors";
import type { Output } from "../terminal/output";

/** A pin as the gates see it. */
export interface Judgement<Judged extends Candidate = Candidate> {
  candidate: Judged;
  verdicts: Verdict[];
  /** Does a verdict stop the release? */
  blocked: boolean;
}

/**
 * Judges what a stack pins; null without a pin. A silent registry is a refusal, not an exception.
 *
 * @throws OperationError when callers are served and no receipt tells of it, or when another environment has the addresses
 */
export async function judgePin(settings: Settings): Promise<Judgement<FetchedCandidate> | null> {
  await requireNoStranger(settings);
  const { fetchCandidate } = await import("../../admission/candidate");
  const candidate = await fetchCandidate(settings);
  if (!candidate) return null;
  await requireHistory(settings);
  return judgeCandidate(candidate, settings);
}

/**
 * Makes sure that nobody else has the addresses of a stack: another registry would answer, and be believed.
 *
 * @throws OperationError that says who has them and what to do
 */
export async function requireNoStranger(settings: Settings): Promise<void> {
  refuseStrangers(await operationsOf(settings).strangers(settings));
}

async function requireHistory(settings: Settings): Promise<void> {
  const { missingHistory } = await import("../../provider/release/missing-history");
  const { readReceipts } = await import("../../history/receipts");
  const { stack, stateDir } = settings;
  const missing = await missingHistory(
    stack,
    releasePlace(settings),
    readReceipts(stateDir).receipts,
  );
  if (missing) throw new CliError("history-missing", missing);
}

/** Verdicts as a table for a terminal, with why each is refused and why waivers of the version don't count. */
export async function verdictsText(
  { candidate, verdicts }: { candidate: Candidate; verdicts: readonly Verdict[] },
  { colours, columns }: Pick<Output, "colours"> & Partial<Pick<Output, "columns">>,
): Promise<string> {
  const [{ asText }, { waiverProblems }] = await Promise.all([
    import("../../policies/present"),
    import("../../policies/waivers"),
  ]);
  return asText(verdicts, {
    colours,
    columns,
    waiverProblems: waiverProblems(candidate, verdicts),
  });
}

/** Judges a version as if the stack pinned it. */
export async function judgeVersion(
  settings: Settings,
  pin: PinnedVersion,
): Promise<Judgement<FetchedCandidate>> {
  const judgement = await judgePin({ ...settings, pin });
  if (!judgement) throw new Error("a pin always gives a candidate");
  return judgement;
}

/** Judges a candidate by a stack's gates. */
export async function judgeCandidate<Judged extends Candidate>(
  candidate: Judged,
  { gates }: Pick<Settings, "gates">,
): Promise<Judgement<Judged>> {
  const { blocked, judge } = await import("../../policies/judge");
  const verdicts = judge(candidate, gates);
  return { candidate, verdicts, blocked: blocked(verdicts) };
}
