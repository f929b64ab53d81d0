import { z } from "zod";
import type { Evidence } from "../registry/evidence";
import { count, marginOf, refused } from "./finding";
import type { Candidate, Finding } from "./gate";
import { baseOf, notNegative, numberProblem, onRows } from "./measured";
import { withDefault } from "./setting";

/** How many distinct rows the evidence stands on, in all and of each class. */
export type Support = NonNullable<Evidence["support"]>;

/**
 * Fewest distinct rows that say anything where no exact rule is known: the largest error seen on 29 rows bounds the
 * errors of nine inputs in ten, in 95 of 100 evaluations, however errors are distributed (Wilks, 1941).
 */
export const leastDistinctRows = 30;

/** A gate's setting `minimumRows`, where there is one for all that it judges. */
export function minimumRowsSetting(description = "Fewer distinct rows than these are refused.") {
  return withDefault(z.int().min(1), leastDistinctRows, description);
}

/** A gate's setting `significance` of a one-sided test, up to a coin's 0.5. */
export function significanceSetting(description: string) {
  return withDefault(z.number().gt(0).max(0.5), 0.05, description);
}

/**
 * Fewest distinct rows on which a perfect score proves a share of at least `floor`: with fewer, a version below the floor
 * is right on every row by chance more often than `significance`. They are n with floor^n <= significance (Clopper and
 * Pearson, 1934): 29 for 0.9 at 0.05, 14 for 0.8. Infinity for a floor of 1, which no number of rows proves.
 */
export function rowsToProve(floor: number, significance: number): number {
  if (floor <= 0) return 1;
  if (floor >= 1) return Infinity;
  // Rounding must not ask for a row more where the power is exactly the significance.
  return Math.max(1, Math.ceil(Math.log(significance) / Math.log(floor) - 1e-9));
}

/** Rows that something was measured on, and how many are needed. */
export interface CountedRows {
  /** What of the gate it is. */
  readonly subject: string | null;
  /** The sentence up to the number of rows, such as `churn-model v2 has a slice west of`. */
  readonly what: string;
  readonly rows: unknown;
  /** Undefined in evidence of former versions, which didn't count them. */
  readonly distinctRows: unknown;
  readonly minimum: number;
  /** The file they are of. */
  readonly path: string;
}

/**
 * Refuses what was measured on fewer distinct rows than are needed to tell anything; null when there are enough.
 *
 * Evidence that didn't count them is refused, but for a version that was released before: it was judged by the rules of
 * then, and may come back.
 */
export function tooFewRows(
  { history }: Pick<Candidate, "history">,
  { subject, what, rows, distinctRows, minimum, path }: CountedRows,
): Finding | null {
  const facts = { subject, threshold: minimum };
  for (const number of distinctRows === undefined ? [rows] : [rows, distinctRows]) {
    const problem = numberProblem(number, notNegative);
    if (!problem) continue;
    const reason = `${what} ${problem.text}, rows of ${path}, against the ${minimum} rows that are needed.`;
    return refused(problem.code, reason, { ...facts, value: problem.value });
  }
  const all = rows as number;
  const distinct = Math.min(all, (distinctRows ?? rows) as number);
  if (distinct < minimum) {
    const margin = marginOf(distinct, minimum, "above");
    const those =
      distinct === all
        ? onRows(all, path)
        : `${count(distinct, "distinct row")} among ${onRows(all, path)}`;
    const reason = `${what} ${those}, fewer than the ${minimum} that are needed (margin ${margin}).`;
    return refused("too-few-rows", reason, { ...facts, value: distinct, margin });
  }
  if (distinctRows !== undefined || history.releasedAt !== null) return null;
  const reason = `${what} ${onRows(all, path)}, of which nobody counted the distinct ones; run \`tollgate evaluate\` again.`;
  return refused("not-measured", reason, facts);
}

/** A metric that keeps its limit, and what its rows must be enough for. */
export interface Proof {
  readonly subject: string;
  /** Such as `churn-model v2`. */
  readonly version: string;
  readonly metric: string;
  /** Null for a ceiling. */
  readonly floor: number | null;
  /** How often a version below the floor may look perfect. */
  readonly significance: number;
  /** Instead of what the floor needs; undefined leaves that. */
  readonly minimumRows: number | undefined;
  /** Undefined in evidence of former versions. */
  readonly support: Support | undefined;
  /** What it was measured on, such as `data/eval.csv`. */
  readonly where: string;
}

/** Distinct rows that a metric stands on. */
interface Stand {
  readonly rows: number;
  /** Such as ` of class yes`; empty for all. */
  readonly of: string;
  /** How many classes the metric is a mean of. */
  readonly classes: number;
}

/**
 * Refuses a metric that stands on so few distinct rows that not even a perfect score would prove its floor; null when
 * there are enough, and for a version that was released before without anybody counting them.
 *
 * Accuracy stands on all rows. Recall of a class stands on its rows, precision on those that the version says are of it,
 * and f1 on the fewer of both, for it is below a floor only when one of these two is. Of a mean over classes, the class
 * with the fewest rows decides (`rowsOfEach`). Any other metric, and any ceiling, needs `leastDistinctRows`.
 */
export function tooFewToProve(
  { history }: Pick<Candidate, "history">,
  proof: Proof,
): Finding | null {
  const { subject, version, metric, floor, significance, minimumRows, support, where } = proof;
  const again = "run `tollgate evaluate` again";
  if (!support) {
    if (history.releasedAt !== null) return null;
    const reason = `${version} has ${metric} measured on ${where} without a count of the distinct rows; ${again}.`;
    return refused("not-measured", reason, { subject });
  }
  const least = leastStand(metric, support);
  if (!least) {
    const reason = `${version} has ${metric} measured on ${where} without a count of its classes, as of more than a thousand; name a limit of accuracy instead.`;
    return refused("not-measured", reason, { subject });
  }
  const exact = floor !== null && classMetrics.includes(baseOf(metric));
  const { rows, of, classes } = least;
  const needed =
    minimumRows ??
    (exact ? rowsOfEach(baseOf(metric), floor, classes, significance) : leastDistinctRows);
  if (rows >= needed) return null;
  const has = `${version} can't be judged by its ${metric}: ${where} has ${count(rows, "distinct row")}${of}`;
  if (needed === Infinity) {
    const reason = `${has}, and no number of rows proves ${article(metric)} of at least ${floor}; lower the floor, or name minimumRows.`;
    return refused("too-few-rows", reason, { subject, value: rows });
  }
  const margin = marginOf(rows, needed, "above");
  const why =
    minimumRows !== undefined
      ? ""
      : exact
        ? `: on fewer, ${article(metric)} below ${floor} looks perfect by chance more often than ${significance}`
        : ": on fewer, the largest error says too little about the others";
  const reason = `${has}, fewer than the ${needed} that are needed (margin ${margin})${why}.`;
  return refused("too-few-rows", reason, { subject, value: rows, threshold: needed, margin });
}

/**
 * Rows that each class needs for a mean over them to be proven. Shares whose mean is below the floor have, when each is
 * taken to the power of n, a product of at most floor^(n * classes), so n needs to be that much smaller. A mean f1 below
 * a floor says that the mean recall or the mean precision is below half of 1 + floor, as f1 is at least recall +
 * precision - 1; of one class it is at least the smaller of the two.
 */
function rowsOfEach(metric: string, floor: number, classes: number, significance: number): number {
  const share = metric === "f1" && classes > 1 && floor > 0 ? (1 + floor) / 2 : floor;
  return Math.ceil(rowsToProve(share, significance) / classes);
}

const article = (metric: string) => `${/^[aeio]|^f1/.test(metric) ? "an" : "a"} ${metric}`;

const classMetrics: readonly string[] = ["accuracy", "precision", "recall", "f1"];

/** Is it about a class, or a mean over classes? Accuracy isn't. */
export function isOfClasses(metric: string): boolean {
  return metric !== "accuracy" && classMetrics.includes(baseOf(metric));
}

/** Where a metric has the fewest rows to stand on; null when the classes it is about weren't counted. */
function leastStand(metric: string, support: Support): Stand | null {
  const { distinctRows, positive, classes } = support;
  const all = { rows: distinctRows, of: "", classes: 1 };
  if (!isOfClasses(metric)) return all;
  if (!classes) return null;
  const kind = baseOf(metric);
  // A mean over classes is about each of them, though one of them is the positive class.
  const ofAll = kind !== metric || positive === null;
  const about = classes.filter(({ value }) => ofAll || value === positive);
  const stands = about.flatMap(({ value, distinctRows: rows, predicted }) => {
    const labelled = { rows, of: ` of class ${value}`, classes: about.length };
    const said = { ...labelled, rows: predicted, of: ` that it says are of class ${value}` };
    return kind === "recall" ? [labelled] : kind === "precision" ? [said] : [labelled, said];
  });
  // A document that names another class as the positive one says nothing about it.
  if (stands.length === 0) return null;
  return stands.reduce((least, stand) => (stand.rows < least.rows ? stand : least));
}
