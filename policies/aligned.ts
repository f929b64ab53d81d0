/** Colours a cell once it is aligned. */
type Paint = (cell: string, column: number) => string;

const plain: Paint = (cell) => cell;

/** How wide each column is. Rows may be shorter than the headings. */
export function widthsOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): number[] {
  return headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
}

/**
 * One line of a table for a terminal.
 *
 * @param numbersFrom the first column whose cells stand at the right, as all after it
 */
export function lineOf(
  cells: readonly string[],
  widths: readonly number[],
  numbersFrom = Infinity,
  paint = plain,
): string {
  return cells
    .map((cell, column) => {
      const space = " ".repeat(Math.max(0, widths[column]! - cell.length));
      const painted = cell === "" ? cell : paint(cell, column);
      return column < numbersFrom ? painted + space : space + painted;
    })
    .join("  ")
    .trimEnd();
}

/**
 * Lines of a table for a terminal, the headings first.
 *
 * @param numbersFrom the first column whose cells stand at the right, as all after it
 * @param paint of a row, counted from 0
 */
export function aligned(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom: number,
  paint: (row: number) => Paint = () => plain,
): string[] {
  const widths = widthsOf(headings, rows);
  return [
    lineOf(headings, widths, numbersFrom),
    ...rows.map((row, index) => lineOf(row, widths, numbersFrom, paint(index))),
  ];
}
