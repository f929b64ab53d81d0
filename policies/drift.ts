import { beside, marginOf } from "./finding";
import type { Finding } from "./gate";
import { notNegative, numberProblem, share } from "./measured";

/** What a gate on drift takes; both must be exceeded. */
export interface DriftLimits {
  /** Highest population stability index that is no drift. */
  readonly psi: number;
  /** A difference that chance gives at least this often is no drift. */
  readonly significance: number;
}

/** Two distributions, judged. */
export interface DriftJudgement {
  /** `ok`, `drifted`, or why it can't be told. */
  readonly code: string;
  readonly facts: Pick<Finding, "value" | "threshold" | "margin">;
  /** A clause such as `PSI 0.02 is within the limit 0.2 (margin 0.18)`. */
  readonly text: string;
}

/**
 * Judges how far a distribution has moved: it has drifted when the index is above its limit and the test says that
 * chance doesn't explain it. The index alone is noisy on few rows, the test alone finds every trifle on many.
 *
 * The numbers are those of whichever of the two decided.
 */
export function judgeDrift(
  psi: unknown,
  pValue: unknown,
  { psi: limit, significance }: DriftLimits,
): DriftJudgement {
  const wrong = numberProblem(psi, notNegative);
  if (wrong) return unusable("PSI", wrong, limit);
  const wrongChance = numberProblem(pValue, share);
  if (wrongChance) return unusable("its p-value", wrongChance, significance);

  const index = psi as number;
  const chance = pValue as number;
  const byIndex = { value: index, threshold: limit, margin: marginOf(index, limit, "below") };
  const margin = `(margin ${byIndex.margin})`;
  const shown = beside(index, limit);
  if (index <= limit) {
    return {
      code: "ok",
      facts: byIndex,
      text: `PSI ${shown} is within the limit ${limit} ${margin}`,
    };
  }
  const above = `PSI ${shown} is above the limit ${limit}`;
  const shownChance = beside(chance, significance);
  if (chance < significance) {
    const text = `${above} ${margin}, and chance does not explain it (p-value ${shownChance}, below ${significance})`;
    return { code: "drifted", facts: byIndex, text };
  }
  const byChance = marginOf(chance, significance, "above");
  return {
    code: "ok",
    facts: { value: chance, threshold: significance, margin: byChance },
    text: `${above}, but chance explains it (p-value ${shownChance}, at least ${significance}, margin ${byChance})`,
  };
}

function unusable(
  what: string,
  problem: NonNullable<ReturnType<typeof numberProblem>>,
  threshold: number,
): DriftJudgement {
  const { code, text, value } = problem;
  return {
    code,
    facts: { value, threshold, margin: null },
    text: `${what} is ${text}, against the limit ${threshold}`,
  };
}
