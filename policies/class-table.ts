import type { Evidence } from "../registry/evidence";
import { aligned } from "./aligned";
import { escaped } from "./present";

/** Classes that a table shows at most, those with the fewest rows. */
const most = 20;

type Counted = NonNullable<NonNullable<Evidence["support"]>["classes"]>;

const headings = ["class", "rows", "distinct", "predicted"];

const origins = {
  model: "the model names them",
  "training-data": "the training data has them",
  "evaluation-data": "labels and answers alone have them",
} as const satisfies Record<NonNullable<Evidence["classes"]>["origin"], string>;

/**
 * How many rows each class has and how often it is predicted, and which class the metrics are about, for a terminal. Empty
 * for a regression and for evidence that names no classes.
 *
 * The last line asks for the setting where the class was guessed.
 */
export function classLines({ classes, support }: Evidence): string[] {
  if (!classes) return [];
  const counted = support?.classes ?? [];
  return [...tableOf(counted), about(classes, counted)];
}

/** The same as Markdown, under a heading of its own, for a pull-request comment. */
export function classMarkdown({ classes, support }: Evidence): string[] {
  if (!classes) return [];
  const counted = support?.classes ?? [];
  const row = (texts: readonly string[]) => `| ${texts.map(escaped).join(" | ")} |`;
  const { shown, left } = rarest(counted);
  const table = [row(headings), "| --- | ---: | ---: | ---: |", ...shown.map(cells).map(row)];
  return [
    "#### Classes",
    "",
    ...(shown.length > 0 ? [...table, "", ...(left ? [left, ""] : [])] : []),
    escaped(about(classes, counted)),
  ];
}

function rarest(counted: Counted): { shown: Counted; left: string | null } {
  const few = [...counted].sort((a, b) => a.rows - b.rows).slice(0, most);
  const shown = counted.filter((each) => few.includes(each));
  const left = counted.length - shown.length;
  return { shown, left: left > 0 ? `and ${left} more with more rows` : null };
}

function tableOf(counted: Counted): string[] {
  const { shown, left } = rarest(counted);
  if (shown.length === 0) return [];
  return [...aligned(headings, shown.map(cells), 1), ...(left ? [left] : []), ""];
}

function cells(each: { value: string; rows: number; distinctRows: number; predicted: number }) {
  const { value, rows, distinctRows, predicted } = each;
  return [value, rows, distinctRows, predicted].map(String);
}

function about(
  { origin, positive, positiveBy }: NonNullable<Evidence["classes"]>,
  counted: Counted,
): string {
  const classes = `(classes: ${origins[origin]})`;
  if (positive === null) {
    return `precision, recall and f1 are plain means over the classes: macro ${classes}.`;
  }
  if (positiveBy === "setting") {
    return `precision, recall and f1 are those of ${positive}, by tollgate:evaluation.positive: binary ${classes}.`;
  }
  const alike = counted.length === 2 && counted[0]!.rows === counted[1]!.rows;
  const guessed = alike ? "one of two with as many rows" : "the rarer of two";
  return `precision, recall and f1 are those of ${positive}, ${guessed}: binary ${classes}. Say which class they are about in tollgate:evaluation.positive.`;
}
