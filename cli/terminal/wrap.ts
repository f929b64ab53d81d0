/** What colours a text, and takes no room. */
const paintCodes = /\u001b\[\d+m/g;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return text.replace(paintCodes, "").length;
}

/** What is between two cells. */
const gap = /(?<=\S) {2,}(?=\S)/g;

/**
 * Breaks text that is wider than a terminal between words, and never inside a command in backticks that fits on a line: a
 * terminal breaks wherever its last column is. What is behind a label goes on below itself. Rows of more cells are left
 * alone: who makes a table makes it narrow.
 *
 * @param columns of the terminal; Infinity for a pipe, whose reader wants each line whole
 */
export function wrapped(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= columns ? line : wrappedLine(line, columns)))
    .join("\n");
}

function wrappedLine(line: string, columns: number): string {
  const cells = line.match(gap)?.length ?? 0;
  if (cells > 1) return line;
  const label = (cells === 1 ? /^.*?\S {2,}(?=\S)/ : /^ */).exec(line)![0];
  const indent = " ".repeat(widthOf(label));
  const lines: string[] = [];
  let current = label;
  let fresh = true;
  for (const word of wordsOf(line.slice(label.length), columns - indent.length)) {
    const longer = fresh ? current + word : `${current} ${word}`;
    if (!fresh && widthOf(longer) > columns) {
      lines.push(current);
      current = indent + word;
    } else {
      current = longer;
    }
    fresh = false;
  }
  return [...lines, current].join("\n");
}

/** What may stand alone on a line: a word, or a command in backticks with what touches it. */
function wordsOf(text: string, columns: number): string[] {
  return (text.match(/(?:`[^`]*`|[^\s`]|`)+/g) ?? []).flatMap((word) =>
    widthOf(word) <= columns ? [word] : word.split(" "),
  );
}
