// A type token is written down once: two spellings of one would be two resources to the engine.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { tokenPrefix, tokens } from "../../policies/resource-tokens";

const root = path.join(__dirname, "..", "..");
const home = "policies/resource-tokens.ts";

/** Sources of the product and of the benches; specs say tokens in full, as recorded states have them. */
function sources(folder = ""): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || ["node_modules", "test"].includes(entry.name)) return [];
    const place = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return sources(place);
    return /\.(ts|cjs|mjs)$/.test(place) ? [place] : [];
  });
}

/** What of a text names a type of the provider in code: strings, templates and patterns, not comments. */
function tokensIn(text: string): string[] {
  if (!text.includes(tokenPrefix)) return [];
  const file = ts.createSourceFile("some.ts", text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.getChildCount(file) === 0 && node.getText(file).includes(tokenPrefix)) {
      found.push(node.getText(file));
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

describe("the type tokens of the provider's resources", () => {
  it("stand in no other source", () => {
    const files = sources();
    assert.ok(files.includes(home) && files.length > 300, `only ${files.length} files`);
    const wrong = files
      .filter((file) => file !== home)
      .flatMap((file) =>
        tokensIn(fs.readFileSync(path.join(root, file), "utf8")).map((each) => `${file}: ${each}`),
      );
    assert.deepEqual(wrong, []);
  });

  for (const text of [
    'const type = "tollgate:index:Process";',
    "const type = `tollgate:index:${name}`;",
    "const process = /^tollgate:index:Process /;",
    "const program = `new Resource('tollgate:index:Admission', ${name})`;",
  ]) {
    it(`are seen in ${text}`, () => assert.equal(tokensIn(text).length, 1));
  }

  it("may be told of in comments", () => {
    assert.deepEqual(tokensIn("/** Such as `tollgate:index:Route`. */\nconst a = 1; // it"), []);
  });

  it("end with the name that they have in the table", () => {
    for (const [name, token] of Object.entries(tokens)) assert.equal(token, tokenPrefix + name);
  });
});
