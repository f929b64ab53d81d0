import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { codesOf, refusalCodes } from "../../policies/codes";
import { gates } from "../../policies/gates";

const root = path.join(__dirname, "..", "..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");

/** Codes that stand in a gate's source as such; others come from what it calls. */
function codesInSource(gate: string): string[] {
  const source = read(`policies/gates/${gate}.ts`);
  return [...source.matchAll(/refused\(\s*"([a-z-]+)"/g)].map(([, code]) => code!);
}

describe("codesOf", () => {
  for (const gate of gates) {
    const { name } = gate;
    it(`names every code with which ${name} refuses, each once`, () => {
      const codes = codesOf(gate).map(({ code }) => code as string);
      assert.notEqual(codes.length, 0);
      assert.equal(new Set(codes).size, codes.length);
      assert.deepEqual(
        codesInSource(name).filter((code) => !codes.includes(code)),
        [],
      );
    });
  }
});

describe("refusalCodes", () => {
  it("is what the gates refuse with, and nothing besides", () => {
    const used = new Set<string>(gates.flatMap((gate) => codesOf(gate).map(({ code }) => code)));
    used.add("no-evidence");
    assert.deepEqual([...used].sort(), refusalCodes);
  });

  it("holds no code that stands nowhere in the sources", () => {
    const sources = ["policies", "admission", "trust", "registry"]
      .flatMap((folder) =>
        fs
          .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".ts") && file !== "codes.ts")
          .map((file) => read(path.join(folder, file)))
          // What a gate says that it refuses with isn't where it refuses.
          .map((source) => source.replace(/^ {2}codes: \[[^\]]*\],$/gm, "")),
      )
      .join("\n");
    // `above-${kind}` makes two of them.
    const made = ["above-ceiling", "above-limit"];
    const nowhere = refusalCodes.filter(
      (code) => !made.includes(code) && !sources.includes(`"${code}"`),
    );
    assert.deepEqual(nowhere, []);
  });
});
