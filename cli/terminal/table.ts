import { lineOf, widthsOf } from "../../policies/aligned";
import { widthOf } from "./wrap";

/** A column isn't made narrower than this. */
const narrowest = 12;

/**
 * Aligned columns for a terminal. Where they are wider than it, the cells of the widest column go on below themselves.
 *
 * @param paint by column number, what colours a cell after it was aligned
 * @param columns of the terminal
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Readonly<Record<number, (text: string) => string>> = {},
  columns = Infinity,
): string {
  const widths = widthsOf(headings, rows);
  const least = headings.map((heading) => Math.max(heading.length, narrowest));
  // Words stay whole where that is enough: keys and addresses are for copying.
  const whole = least.map((width, column) =>
    Math.max(width, ...rows.flatMap((row) => (row[column] ?? "").split(/\s+/)).map(widthOf)),
  );
  narrow(widths, whole, columns);
  narrow(widths, least, columns);
  const colour = (cell: string, column: number) => paint[column]?.(cell) ?? cell;
  return [
    lineOf(headings, widths),
    ...rows.flatMap((row) =>
      linesOf(row, widths).map((cells) => lineOf(cells, widths, Infinity, colour)),
    ),
  ].join("\n");
}

/** Takes from the column with most to spare until all fit, or none has any. */
function narrow(widths: number[], least: readonly number[], columns: number): void {
  for (;;) {
    const over = widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)) - columns;
    const spare = widths.map((width, column) => width - least[column]!);
    const most = Math.max(...spare);
    if (over <= 0 || most <= 0) return;
    const widest = spare.indexOf(most);
    // No further than the next widest, which then takes its part.
    const next = Math.max(0, ...spare.filter((_, column) => column !== widest));
    widths[widest]! -= Math.min(over, Math.max(1, most - next));
  }
}

/** The lines that one row takes. */
function linesOf(row: readonly string[], widths: readonly number[]): string[][] {
  const cells = row.map((cell, column) => {
    const width = widths[column]!;
    if (widthOf(cell) <= width) return [cell];
    return cell.split(/\s+/).reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      const longer = last === undefined ? word : `${last} ${word}`;
      if (last !== undefined && longer.length <= width) return [...lines.slice(0, -1), longer];
      // A word that is too long by itself, such as an address.
      const pieces = word.match(new RegExp(`.{1,${width}}`, "gs")) ?? [];
      return [...lines, ...pieces];
    }, []);
  });
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, index) => cells.map((lines) => lines[index] ?? ""));
}
