/** What kind of model answered, by its evidence. */
export type Task = "classification" | "regression";

/**
 * By how much a number may differ, relative to its own size. A 32-bit float keeps 24 bits, steps of 1.2e-7, and a library
 * that adds a row's terms in another order for one row than for many is off by a few of them. PyTorch's own tests take
 * 1.3e-6 for such numbers (`torch.testing.assert_close`).
 */
export const relativeTolerance = 1e-6;

/** As `parseExactJson` reads them: a BigInt is a whole number beyond 2^53. */
type Numeric = number | bigint;

/** What is known of the kept numbers at one place of an answer. */
interface Numbers {
  /** Below this size, a number may differ by as much as one of this size: sums that nearly cancel out. */
  readonly usual: number;
  /** Are they classes? Then nothing is near enough. */
  readonly exact: boolean;
}

const unknown: Numbers = { usual: 0, exact: false };

/**
 * Tells whether a scorer's answer to a row is the kept one: texts, booleans and classes exactly, numbers within
 * `relativeTolerance`. Numbers are classes where a classification's kept ones are all whole, and whole numbers beyond 2^53
 * are no measurements: of these every digit counts.
 *
 * @param answers every kept answer: their usual size is the median at each place of an answer, which a few rows can't move
 */
export function sameAnswerAs(
  answers: readonly unknown[],
  task: Task,
): (wanted: unknown, got: unknown) => boolean {
  const found = new Map<string, Numeric[]>();
  for (const answer of answers) collect(answer, "", found);
  const numbers = new Map(
    [...found].map(([place, values]) => [
      place,
      { usual: medianSize(values), exact: task === "classification" && values.every(isWhole) },
    ]),
  );
  return (wanted, got) => same(wanted, got, "", numbers);
}

function collect(value: unknown, place: string, into: Map<string, Numeric[]>): void {
  if (isNumeric(value)) {
    const values = into.get(place);
    if (values) values.push(value);
    else into.set(place, [value]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) collect(item, placeOf(place, key), into);
  }
}

function same(
  wanted: unknown,
  got: unknown,
  place: string,
  numbers: ReadonlyMap<string, Numbers>,
): boolean {
  if (isNumeric(wanted) && isNumeric(got)) {
    return near(wanted, got, numbers.get(place) ?? unknown);
  }
  if (!isObject(wanted) || !isObject(got)) return wanted === got;
  const keys = Object.keys(wanted);
  return (
    Array.isArray(wanted) === Array.isArray(got) &&
    keys.length === Object.keys(got).length &&
    keys.every(
      (key) => Object.hasOwn(got, key) && same(wanted[key], got[key], placeOf(place, key), numbers),
    )
  );
}

function near(wanted: Numeric, got: Numeric, { usual, exact }: Numbers): boolean {
  if (typeof wanted === "bigint" || typeof got === "bigint") {
    return isWhole(wanted) && isWhole(got) && BigInt(wanted) === BigInt(got);
  }
  if (exact) return wanted === got;
  return Math.abs(wanted - got) <= relativeTolerance * Math.max(Math.abs(wanted), usual);
}

function medianSize(values: readonly Numeric[]): number {
  const sizes = values.map((value) => Math.abs(Number(value))).sort((a, b) => a - b);
  return sizes[Math.floor(sizes.length / 2)]!;
}

const isWhole = (value: Numeric) => typeof value === "bigint" || Number.isInteger(value);

/** Is it a number as `parseExactJson` reads one? */
export function isNumeric(value: unknown): value is Numeric {
  return typeof value === "number" || typeof value === "bigint";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function placeOf(place: string, key: string): string {
  return `${place}/${key}`;
}
