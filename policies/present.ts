import { aligned, widthsOf } from "./aligned";
import { notLookedCode, plain, shortDigest } from "./finding";
import type { Verdict } from "./gate";
import { explanation, withoutEchoes } from "./judge";

const headings = ["gate", "verdict", "value", "threshold", "margin"];

export interface TextOptions {
  /** Colour the verdicts with ANSI codes. @default false */
  readonly colours?: boolean;
  /** Columns of the terminal: in a narrow one, words of the table are shortened. @default any number */
  readonly columns?: number;
  /** Why waivers of this version don't count, a sentence each. @default none */
  readonly waiverProblems?: readonly string[];
}

/** Verdicts as an aligned table for a terminal, with a sentence and a remedy under it for each refusal. */
export function asText(verdicts: readonly Verdict[], options: TextOptions = {}): string {
  const shown = withoutEchoes(verdicts);
  const rows = fitting(shown.map(cells), options.columns ?? Infinity);
  const table = aligned(
    headings,
    rows,
    2,
    (row) => (cell, column) =>
      options.colours && column === 1 ? painter(shown[row]!)(cell) : cell,
  );
  const sentences = shown.flatMap((verdict) => {
    const why = whyOf(verdict);
    return why === null ? [] : [`${title(verdict)}: ${why}`];
  });
  const notes = [...sentences, ...notesOf(shown, options)];
  return [...table, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

/** As many columns of a digest or a time as a narrow terminal shows. */
const narrowText = 9;

/** The rows as they are where there is room; else with shortened words, which the sentences below have in full. */
function fitting(rows: string[][], columns: number): string[][] {
  const over = (some: string[][]) =>
    widthsOf(headings, some).reduce((sum, width) => sum + width, 2 * (headings.length - 1)) -
    columns;
  if (over(rows) <= 0) return rows;
  const short = rows.map(([title = "", status = "", ...facts]) => [
    title,
    status.replace("refused (advisory)", "advised"),
    ...facts.map((fact) => (isNumber(fact) ? fact : cut(fact.replace("sha256:", ""), narrowText))),
  ]);
  const titles = Math.max(20, widthsOf(headings, short)[0]! - Math.max(0, over(short)));
  return short.map(([title = "", ...others]) => [cut(title, titles), ...others]);
}

function isNumber(text: string): boolean {
  return text !== "" && Number.isFinite(Number(text));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Verdicts as a Markdown table for a pull-request comment; refused ones say why and what to do. */
export function asMarkdown(
  verdicts: readonly Verdict[],
  options: Pick<TextOptions, "waiverProblems"> = {},
): string {
  const shown = withoutEchoes(verdicts);
  const row = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  const rows = shown.map((verdict) => {
    const why = whyOf(verdict) ?? "";
    const [gate, status, ...numbers] = cells(verdict).map(escaped);
    const marked = verdict.status === "passed" ? status! : `**${status}**`;
    return row([gate!, marked, ...numbers, escaped(why)]);
  });
  const notes = notesOf(shown, options).map(escaped);
  return [
    row([...headings, "why, and what to do"]),
    "| --- | --- | ---: | ---: | ---: | --- |",
    ...rows,
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

function cells(verdict: Verdict): string[] {
  const { value, threshold, margin } = verdict;
  return [title(verdict), statusText(verdict), ...[value, threshold, margin].map(cell)];
}

/** What a reader must know beyond the numbers; null when a verdict speaks for itself. */
function whyOf(verdict: Verdict): string | null {
  if (!verdict.passed) return explanation(verdict);
  return verdict.code === notLookedCode ? verdict.reason : null;
}

function title({ gate, subject }: Verdict): string {
  return subject ? `${gate} ${subject}` : gate;
}

function statusText({ status, level }: Verdict): string {
  return status === "refused" && level === "advisory" ? "refused (advisory)" : status;
}

function cell(value: number | string | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(plain(value));
  // A whole commit would widen every table; the reason below it has it in full.
  return shortDigest(value).replace(/^([0-9a-f]{12})[0-9a-f]{28}$/, "$1");
}

/** Which waivers release what, and which don't count. */
function notesOf(verdicts: readonly Verdict[], { waiverProblems = [] }: TextOptions): string[] {
  const active = verdicts.flatMap(({ gate, waiver }) =>
    waiver ? [`Waived: ${gate} by ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`] : [],
  );
  return [...new Set([...active, ...waiverProblems])];
}

/** Red for what stops, yellow for what only warns, green for what passed. */
function painter({ status, level }: Verdict): (text: string) => string {
  const code = status === "passed" ? 32 : status === "refused" && level === "mandatory" ? 31 : 33;
  return (text) => `\u001b[${code}m${text}\u001b[39m`;
}

/** Text that stays one cell of a Markdown table and is never read as HTML. */
export function escaped(text: string): string {
  return text
    .replace(/\s*[\r\n]+\s*/g, " ")
    .replace(/[\\|]/g, "\\$&")
    .replace(/</g, "&lt;");
}
