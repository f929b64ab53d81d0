// Pages of docs/ that name a test for each case: one that was renamed or taken away would leave a promise behind.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..", "..");
const pages = ["right-numbers.md", "nothing-lost.md"];

/** Cells of each row below a table's header. */
function rowsOf(page: string): string[][] {
  return readFileSync(path.join(root, "docs", page), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:---|case \|)/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** Is there a test of this title, or one whose title has it as a part, in the file? */
function isThere(file: string, title: string): boolean {
  const source = path.join(root, file);
  if (!existsSync(source)) return false;
  const text = readFileSync(source, "utf8");
  if (file.endsWith(".py")) {
    return [...text.matchAll(/^ *def (test_\w+)\(/gm)].some(([, name]) => name === title);
  }
  return [...text.matchAll(/\bit\(\s*(["`])((?:\\.|(?!\1)[^\\])*)\1/g)].some(([, , name]) =>
    name!.includes(title),
  );
}

for (const page of pages) {
  const rows = rowsOf(page);
  describe(`docs/${page}`, () => {
    it("has rows of a case, two answers and the tests that hold it, each case once", () => {
      assert.ok(rows.length > 0);
      for (const cells of rows) {
        assert.deepEqual([cells.length, cells.includes("")], [4, false], cells.join(" | "));
      }
      const cases = rows.map(([name]) => name);
      assert.deepEqual(cases, [...new Set(cases)]);
    });

    for (const [name, , , held] of rows) {
      it(`names tests that are there: ${name}`, () => {
        const tests = [...held!.matchAll(/`([^`]+)`/g)].map(([, test]) => test!);
        assert.ok(tests.length > 0, "no test is named");
        for (const test of tests) {
          const [file, title] = test.split("::");
          assert.ok(isThere(file!, title!), `${test} isn't there`);
        }
      });
    }
  });
}

describe("a test that is named", () => {
  it("is told when it isn't there", () => {
    assert.ok(isThere("test/docs/cases.spec.ts", "is told when it isn't there"));
    for (const [file, title] of [
      ["test/docs/cases.spec.ts", "tells nothing"],
      ["test/docs/gone.spec.ts", "tells a test"],
      ["serving/tests/test_conversion.py", "test_takes_of"],
      ["serving/tests/test_conversion.py", "by_json"],
    ] as const) {
      assert.ok(!isThere(file, title), title);
    }
  });
});
