import type { Evidence } from "../registry/evidence";
import { beside, count, marginOf, passed, refused } from "./finding";
import type { Finding } from "./gate";

/** Lowest and highest value that a number can have in the unit it must be in; both are possible. */
export type Range = readonly [lowest: number, highest: number];

/** Of a share, a probability, or a p-value: 91.25 for 91.25 % is not one. */
export const share: Range = [0, 1];

/** Of a time, a size, an error, or a divergence. */
export const notNegative: Range = [0, Infinity];

const anyNumber: Range = [-Infinity, Infinity];

const metricRanges = new Map<string, Range>([
  ["accuracy", share],
  ["precision", share],
  ["recall", share],
  ["f1", share],
  ["r2", [-Infinity, 1]],
  ["mae", notNegative],
  ["rmse", notNegative],
]);

/** A range in words for wrong settings: `from 0 to 1`, `of at most 1`, `of at least 0`. */
export function rangeText([lowest, highest]: Range): string {
  if (lowest === -Infinity) return highest === Infinity ? "" : `of at most ${highest}`;
  return highest === Infinity ? `of at least ${lowest}` : `from ${lowest} to ${highest}`;
}

/** Can a limit be kept and broken by what it limits? Any finite number can, of a metric Tollgate doesn't know. */
export function within(value: number, [lowest, highest]: Range): boolean {
  return value >= lowest && value <= highest;
}

/** A metric without its average over classes (`f1_macro`) or its target (`rmse:price`). */
export function baseOf(metric: string): string {
  return metric.replace(/:.*$/s, "").replace(/^(precision|recall|f1)_(macro|weighted)$/, "$1");
}

/** What a metric's value can be; any number for a metric that Tollgate doesn't measure itself. */
export function rangeOf(metric: string): Range {
  return metricRanges.get(baseOf(metric)) ?? anyNumber;
}

/** A number of the evidence, and the limit it must keep. */
export interface Measurement {
  /** What of the gate it is, such as the metric's name. */
  readonly subject: string | null;
  /** As the evidence has it. */
  readonly value: unknown;
  readonly limit: number;
  /** `floor` passes at and above the limit, the others at and below it. */
  readonly kind: "floor" | "ceiling" | "limit";
  /** The sentence up to the value, such as `churn-model v2 has accuracy`. */
  readonly what: string;
  /** What it was measured on, such as `on 400 rows of data/eval.csv`. */
  readonly where: string;
  /** @default none */
  readonly unit?: "ms" | "bytes";
  /** What the value can be. @default any finite number */
  readonly range?: Range;
  /** Code of a refusal. @default below-floor, above-ceiling, above-limit */
  readonly code?: string;
}

/**
 * Judges one number by one limit. Exactly the limit passes. What is no finite number, or can't be one in its unit, is
 * refused with a code of its own: `wrong-type`, `not-finite`, `wrong-unit`.
 */
export function judgeNumber(measurement: Measurement): Finding {
  const { subject, value, limit, kind, what, where, range } = measurement;
  const unit = measurement.unit ? ` ${measurement.unit}` : "";
  const facts = { subject, threshold: limit };
  const problem = numberProblem(value, range);
  if (problem) {
    const reason = `${what} ${problem.text}, ${where}, against the ${kind} ${limit}${unit}.`;
    return refused(problem.code, reason, { ...facts, value: problem.value });
  }
  const number = value as number;
  const inside = kind === "floor" ? number >= limit : number <= limit;
  const margin = marginOf(number, limit, kind === "floor" ? "above" : "below");
  const measured = { ...facts, value: number, margin };
  const side = inside ? "within" : kind === "floor" ? "below" : "above";
  const reason = `${what} ${beside(number, limit)}${unit} ${where}, ${side} the ${kind} ${limit}${unit} (margin ${margin}${unit}).`;
  const code = measurement.code ?? (kind === "floor" ? "below-floor" : `above-${kind}`);
  return inside ? passed(reason, measured) : refused(code, reason, measured);
}

/** Why something isn't a number of the wanted kind, with words such as `NaN, which is not a finite number`; null when it is one. */
export function numberProblem(
  value: unknown,
  [lowest, highest]: Range = anyNumber,
): { code: string; text: string; value: number | string } | null {
  if (typeof value !== "number") {
    // Not `String(value)`: that would show the text "0.95" as if it were the number.
    const shown = JSON.stringify(value) ?? String(value);
    return { code: "wrong-type", text: `${shown}, which is not a number`, value: shown };
  }
  if (!Number.isFinite(value)) {
    const shown = String(value);
    return { code: "not-finite", text: `${shown}, which is not a finite number`, value: shown };
  }
  if (within(value, [lowest, highest])) return null;
  const bound = value < lowest ? `below ${lowest}` : `above ${highest}`;
  return { code: "wrong-unit", text: `${value}, which can't be ${bound}`, value };
}

/**
 * The difference of two measured numbers without the noise of binary fractions: 0.9 - 0.89 is 0.01 and not more, so that
 * exactly the limit passes. Twelve digits are far finer than any measurement.
 */
export function difference(minuend: number, subtrahend: number): number {
  return Number((minuend - subtrahend).toPrecision(12));
}

/** Which evaluation rows were measured: `on 400 rows of data/eval.csv`, `on 1000 of 5000 rows of …`. */
export function onEvaluationRows({ data }: Evidence): string {
  return `on ${rowsOf(data)}`;
}

/** Which rows of a file were measured: `400 rows of data/eval.csv`, `1000 of 5000 rows of …`. */
export function rowsOf(file: {
  path: string;
  rows: number;
  rowsUsed?: number | undefined;
}): string {
  const { path, rows, rowsUsed = rows } = file;
  return `${rowsUsed === rows ? "" : `${rowsUsed} of `}${onRows(rows, path)}`;
}

/** `400 rows of data/eval.csv`. */
export function onRows(rows: number, path: string): string {
  return `${count(rows, "row")} of ${path}`;
}

/** Entries by key, in one order whatever order they came in: the engine doesn't keep it. */
export function byName<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
