import { readClaim } from "../trust/statement";
import type { WaiverPredicate } from "../trust/types";
import { verify } from "../trust/verify";
import { unboundBecause } from "./binding";
import { day, instantOf, isFromTheFuture } from "./clock";
import { label } from "./finding";
import type { Candidate, Finding, Gate, Verdict } from "./gate";
import { gates } from "./gates";
import { isWaived, refusalText } from "./waived";
import { longestWaiverDays } from "./waiver-days";

/** What a waiver says of the gate it releases past. */
export type ActiveWaiver = NonNullable<Verdict["waiver"]>;

/** The waivers that count for a candidate, by gate; those that last longer come first. */
export function activeWaivers(candidate: Candidate): Map<string, WaiverPredicate[]> {
  const active = new Map<string, WaiverPredicate[]>();
  for (const line of candidate.waivers) {
    const judged = judgeWaiver(candidate, line);
    if ("problem" in judged) continue;
    const { waiver } = judged;
    const known = active.get(waiver.gate) ?? [];
    const longerFirst = [...known, waiver].sort(
      (a, b) => Date.parse(b.expires) - Date.parse(a.expires),
    );
    active.set(waiver.gate, longerFirst);
  }
  return active;
}

/** The first of a gate's waivers that covers a refusal of it; null when none does, or the gate can't be waived. */
export function waiverOf(
  waivers: readonly WaiverPredicate[],
  gate: Gate,
  finding: Finding,
  candidate: Pick<Candidate, "history" | "replayed">,
): ActiveWaiver | null {
  if (!gate.waivable) return null;
  const found = waivers.find((waiver) => covers(waiver, gate, finding, candidate));
  return found ? { owner: found.owner, reason: found.reason, expires: found.expires } : null;
}

/** A version that comes back does so under the waivers of then, whatever was measured since. */
function covers(
  { refusals }: WaiverPredicate,
  { judgesMoment }: Gate,
  finding: Finding,
  { history, replayed }: Pick<Candidate, "history" | "replayed">,
): boolean {
  if (judgesMoment || history.releasedAt !== null) return true;
  return refusals ? isWaived(refusals, finding) : replayed === true;
}

/**
 * One sentence for each waiver that doesn't count, or not for all of what its gate refuses: which, and why.
 *
 * @param verdicts of the candidate
 */
export function waiverProblems(candidate: Candidate, verdicts: readonly Verdict[]): string[] {
  return candidate.waivers.flatMap((line, index) => {
    const judged = judgeWaiver(candidate, line);
    const what = `Waiver ${index + 1} of ${label(candidate.pin)}${claimedGate(line)}`;
    if ("problem" in judged) return [`${what} doesn't count: ${judged.problem}.`];
    const worse = verdicts.filter(
      ({ gate, level, status }) =>
        gate === judged.waiver.gate && level === "mandatory" && status === "refused",
    );
    return worse.map((verdict) => `${what} doesn't cover ${refusalText(verdict)}; sign again.`);
  });
}

/** What of a candidate a waiver is judged by. */
export type WaiverFacts = Pick<
  Candidate,
  "stack" | "pin" | "trust" | "history" | "judgedAt" | "evidenceDigest" | "replayed"
>;

/** The waiver on a line, or why it doesn't count, as a clause. */
export function judgeWaiver(
  facts: WaiverFacts,
  line: string,
): { waiver: WaiverPredicate } | { problem: string } {
  const verified = verify(line, "waiver", facts.trust);
  if ("problem" in verified) return { problem: verified.problem.reason };
  const { statement, signer } = verified;
  const waiver = statement.predicate;
  if (!signer.principals.includes(waiver.owner.toLowerCase())) {
    const who = signer.principals.join(", ");
    return { problem: `it names ${waiver.owner} as its owner, but the key of ${who} signed it` };
  }
  const problem =
    otherVersion(facts, waiver) ??
    otherTime(facts, waiver) ??
    unboundBecause(facts, waiver) ??
    unacceptable(waiver);
  return problem === null ? { waiver } : { problem };
}

function otherVersion(
  { stack, pin }: WaiverFacts,
  { stack: other, model, version, digest }: WaiverPredicate,
): string | null {
  if (stack !== other) return `it is for ${other}, not for ${stack}`;
  if (model !== pin.name || version !== pin.version) return `it is for ${model} v${version}`;
  return digest === pin.digest ? null : `it is for other bytes, ${digest}`;
}

function otherTime(facts: WaiverFacts, { at, expires }: WaiverPredicate): string | null {
  const [from, to, now] = [at, expires, facts.judgedAt].map(instantOf);
  if (from == null || isFromTheFuture(from, facts)) return `it is from the future, ${at}`;
  // Asked this way round, a time that can't be read is refused as well.
  if (to == null || now == null || !(now < to)) return `it expired at ${expires}`;
  if (to - from <= longestWaiverDays * day) return null;
  return `it lasts until ${expires}, and the longest is ${longestWaiverDays} days`;
}

function unacceptable({ gate: name }: WaiverPredicate): string | null {
  const gate = gates.find((each) => each.name === name);
  if (!gate) return `there is no gate ${JSON.stringify(name)}`;
  return gate.waivable ? null : `${name} can't be waived`;
}

/** The gate a line claims to be about, when it looks like one: a line that anybody wrote is printed with care. */
function claimedGate(line: string): string {
  const claim = readClaim(line, "waiver");
  if ("unreadable" in claim || !/^[a-z-]{1,40}$/.test(claim.predicate.gate)) return "";
  return ` (${claim.predicate.gate})`;
}
