/**
 * Aligned columns for a terminal.
 *
 * @param paint by column number, what colours a cell after it was aligned
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Readonly<Record<number, (text: string) => string>> = {},
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[], coloured: boolean) =>
    cells
      .map((cell, column) => {
        const spaces = " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.length));
        const colour = coloured && cell !== "" ? paint[column] : undefined;
        return (colour ? colour(cell) : cell) + spaces;
      })
      .join("  ")
      .trimEnd();
  return [line(headings, false), ...rows.map((row) => line(row, true))].join("\n");
}
