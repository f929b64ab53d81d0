import type { Verdict } from "../../policies/gate";
import { blocks, judge, withoutEchoes } from "../../policies/judge";
import type { CorpusCandidate } from "./load";

/** What the gates said of a candidate, and whether that is what the corpus expects. */
export interface Outcome {
  readonly candidate: CorpusCandidate;
  /** Refusals that stop it; the one cause alone where there is no evidence. */
  readonly refusals: readonly Verdict[];
  /** What is wrong with these, in a clause; null when they are as expected. */
  readonly surprise: string | null;
}

/** Judges a candidate by the settings of its stack. */
export function outcomeOf(corpus: CorpusCandidate): Outcome {
  const verdicts = judge(corpus.candidate, corpus.settings.gates);
  const refusals = withoutEchoes(verdicts.filter(blocks));
  return { candidate: corpus, refusals, surprise: surpriseOf(corpus, refusals) };
}

/** A bad candidate is refused by its own gate, for its own reason, and by no other gate. */
function surpriseOf({ expected }: CorpusCandidate, refusals: readonly Verdict[]): string | null {
  const gates = [...new Set(refusals.map(({ gate }) => gate))];
  if ("passes" in expected) {
    return gates.length === 0 ? null : `refused by ${gates.join(", ")}`;
  }
  const own = refusals.filter(({ gate }) => gate === expected.gate);
  if (own.length === 0) return `not refused by ${expected.gate}`;
  const others = gates.filter((gate) => gate !== expected.gate);
  if (others.length > 0) return `refused by ${others.join(", ")} as well`;
  const codes = [...new Set(own.map(({ code }) => code))];
  return codes.includes(expected.code)
    ? null
    : `refused with ${codes.join(", ")}, not ${expected.code}`;
}
