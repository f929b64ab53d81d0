// The page for people, docs/gates.md, against the gates. It can't tell whether a sentence of it is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { gates } from "../../policies/gates";

const root = path.join(__dirname, "..", "..");
const page = readFileSync(path.join(root, "docs", "gates.md"), "utf8");
const sharedCodes = sectionOf("Codes that several gates give");

/** Text from a heading of the second level to the next heading. */
function sectionOf(title: string): string {
  const after = page.split(`\n## ${title}\n`)[1] ?? "";
  return after.split(/\n##? /)[0]!;
}

describe("docs/gates.md", () => {
  it("has a section for every gate, in the order of verdicts", () => {
    const titles = [...page.matchAll(/^## ([a-z-]+)$/gm)].map(([, title]) => title);
    assert.deepEqual(
      titles,
      gates.map(({ name }) => name),
    );
  });

  it("lists every gate with whether it can be waived", () => {
    const rows = [...page.matchAll(/^\| \[([a-z-]+)\]\(#\1\) .* (yes|no) +\|$/gm)];
    assert.deepEqual(
      rows.map(([, name, waivable]) => [name, waivable]),
      gates.map(({ name, waivable }) => [name, waivable ? "yes" : "no"]),
    );
  });

  for (const gate of gates) {
    it(`names every setting of ${gate.name}, with its default`, () => {
      const section = sectionOf(gate.name);
      const { properties = {} } = z.toJSONSchema(gate.settings, { io: "input" });
      for (const [name, schema] of Object.entries(properties)) {
        assert.ok(section.includes(`\`${name}\``), name);
        const value = (schema as { default?: unknown }).default;
        if (typeof value !== "number" && typeof value !== "string") continue;
        const row = section.split("\n").find((line) => line.startsWith(`| \`${name}\``));
        assert.ok(row?.includes(String(value)), `${name}: ${value}`);
      }
    });

    it(`names every code of ${gate.name}`, () => {
      const file = path.join(root, "policies", "gates", `${gate.name}.ts`);
      const source = readFileSync(file, "utf8");
      const codes = [...source.matchAll(/refused\(\s*"([a-z-]+)"/g)].map(([, code]) => code!);
      const described = sectionOf(gate.name) + sharedCodes;
      assert.deepEqual(
        codes.filter((code) => !described.includes(`\`${code}\``)),
        [],
      );
    });
  }
});
