// The page for people, docs/gates.md, against the gates. It can't tell whether a sentence of it is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Gate } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { levelsOfSigned, usualLevels } from "../../policies/levels";

const root = path.join(__dirname, "..", "..");
const page = readFileSync(path.join(root, "docs", "gates.md"), "utf8");
const sharedCodes = sectionOf("Codes that several gates give");

/** Text from a heading of the second level to the next heading. */
function sectionOf(title: string): string {
  const after = page.split(`\n## ${title}\n`)[1] ?? "";
  return after.split(/\n##? /)[0]!;
}

/** Where a gate asks for something though the stack's file has no entry for it. */
function whereOf({ byDefault, settings }: Gate): string {
  if (typeof byDefault === "string") return byDefault;
  const asked = Object.entries(byDefault).filter(([, given]) => {
    if (given === null) return false;
    return !isDeepStrictEqual(settings.parse(given), settings.safeParse({}).data);
  });
  return asked.map(([tier]) => tier).join(", ");
}

describe("docs/gates.md", () => {
  it("has a section for every gate, in the order of verdicts", () => {
    const titles = [...page.matchAll(/^## ([a-z-]+)$/gm)].map(([, title]) => title);
    assert.deepEqual(
      titles,
      gates.map(({ name }) => name),
    );
  });

  it("lists every gate with where it judges by default and whether it can be waived", () => {
    const rows = [...page.matchAll(/^\| \[([a-z-]+)\]\(#\1\) \|.*\| ([^|]+) \| (yes|no) +\|$/gm)];
    assert.deepEqual(
      rows.map(([, name, byDefault, waivable]) => [name, byDefault, waivable]),
      gates.map((gate) => [gate.name, whereOf(gate), gate.waivable ? "yes" : "no"]),
    );
  });

  it("says which gates have other levels than most", () => {
    const most = Object.entries(usualLevels).map(([tier, level]) => `${level} in ${tier}`);
    assert.equal(most.join(), "advisory in dev,mandatory in staging,mandatory in prod");
    const others = gates.filter(({ levels }) => levels !== usualLevels);
    assert.ok(others.every(({ levels }) => levels === levelsOfSigned));
    const names = others.map(({ name }) => name);
    const which = `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
    const { dev, staging, prod } = levelsOfSigned;
    assert.equal(dev, staging);
    const sentence = `${which} are ${dev} in dev and staging and ${prod} in prod.`;
    assert.ok(page.replaceAll("\n", " ").includes(sentence), sentence);
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
      const described = sectionOf(gate.name) + sharedCodes;
      assert.deepEqual(
        gate.codes.filter((code) => !described.includes(`\`${code}\``)),
        [],
      );
    });
  }
});
