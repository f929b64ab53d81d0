import { readClaim } from "../trust/statement";
import type { WaiverPredicate } from "../trust/types";
import { verify } from "../trust/verify";
import { day, instantOf, isFromTheFuture } from "./clock";
import { label } from "./finding";
import type { Candidate, Verdict } from "./gate";
import { gates } from "./gates";

/** Longest time a waiver may be given for, in days: what must be lived with for longer belongs into the settings. */
export const longestWaiverDays = 30;

/** What a waiver says of the gate it releases past. */
export type ActiveWaiver = NonNullable<Verdict["waiver"]>;

/** The waivers that count for a candidate, by gate; of two for one gate the one that lasts longer. */
export function activeWaivers(candidate: Candidate): Map<string, ActiveWaiver> {
  const active = new Map<string, ActiveWaiver>();
  for (const line of candidate.waivers) {
    const judged = judgeWaiver(candidate, line);
    if ("problem" in judged) continue;
    const { gate, owner, reason, expires } = judged.waiver;
    const known = active.get(gate);
    if (known && Date.parse(known.expires) >= Date.parse(expires)) continue;
    active.set(gate, { owner, reason, expires });
  }
  return active;
}

/** One sentence for each waiver that doesn't count: which, and why. */
export function waiverProblems(candidate: Candidate): string[] {
  return candidate.waivers.flatMap((line, index) => {
    const judged = judgeWaiver(candidate, line);
    if (!("problem" in judged)) return [];
    const what = `Waiver ${index + 1} of ${label(candidate.pin)}${claimedGate(line)}`;
    return [`${what} doesn't count: ${judged.problem}.`];
  });
}

/** What of a candidate a waiver is judged by. */
export type WaiverFacts = Pick<Candidate, "stack" | "pin" | "trust" | "history" | "judgedAt">;

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
  const problem = otherVersion(facts, waiver) ?? otherTime(facts, waiver) ?? unacceptable(waiver);
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
