// The page for people, docs/guardrails.md, against the guardrails. It can't tell whether a sentence of it is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { guardrails } from "../../policies/guardrails";
import { type GuardedStack, judgeStack } from "../../policies/guardrails/guardrail";
import { pin } from "./fixtures";
import { resource, stackOf } from "./guardrails/stacks";

const page = readFileSync(path.join(__dirname, "..", "..", "docs", "guardrails.md"), "utf8");

/** A stack that a guardrail refuses: the page shows what it says of it. */
const refused: Readonly<Record<string, GuardedStack>> = {
  "serves-what-was-admitted": stackOf([
    resource("tollgate:index:Admission", "model-pin-admission", { pin }),
    resource("tollgate:index:Route", "canary", { version: "3", digest: pin.digest }),
  ]),
  "nothing-beyond-loopback": stackOf([
    resource("tollgate:index:Process", "model-serving-router", { host: "0.0.0.0" }),
  ]),
  "nothing-shared": stackOf([], {
    places: { "tollgate:artifactStore.bucket": "models" },
    neighbours: [{ stack: "staging", places: { "tollgate:artifactStore.bucket": "models" } }],
  }),
  "no-plain-secrets": stackOf([
    resource("kubernetes:apps/v1:Deployment", "scorer", {
      spec: {
        template: { spec: { containers: [{ env: [{ name: "DB_PASSWORD", value: "hunter2" }] }] } },
      },
    }),
  ]),
  "images-by-digest": stackOf([
    resource("kubernetes:apps/v1:Deployment", "scorer", {
      spec: { template: { spec: { containers: [{ name: "model", image: "scorer:latest" }] } } },
    }),
  ]),
  "non-root-and-limits": stackOf([
    resource("docker:index/container:Container", "scorer", { user: "root", cpus: "2" }),
  ]),
  "store-private": stackOf([resource("aws:s3/bucket:Bucket", "models", { acl: "public-read" })]),
  "database-protected": stackOf([
    resource("aws:rds/instance:Instance", "registry", {
      backupRetentionPeriod: 0,
      publiclyAccessible: true,
      storageEncrypted: true,
      multiAz: true,
    }),
  ]),
  "deletion-protection": stackOf([
    resource("aws:rds/instance:Instance", "registry", { deletionProtection: false }),
  ]),
};

/** Text from a heading of the second level to the next heading. */
function sectionOf(title: string): string {
  const after = page.split(`\n## ${title}\n`)[1] ?? "";
  return after.split("\n## ")[0]!;
}

describe("docs/guardrails.md", () => {
  const names = guardrails.map(({ name }) => name);

  it("has a section for every guardrail, in the order of the list", () => {
    const titles = [...page.matchAll(/^## ([a-z]+(?:-[a-z]+)+)$/gm)].map(([, title]) => title);
    assert.deepEqual(titles, names);
  });

  it("has a row for every guardrail, with its tiers and its remedy in a word", () => {
    const rows = [...page.matchAll(/^\| \[([a-z-]+)\]\(#\1\) \|(.*)\|$/gm)];
    assert.deepEqual(
      rows.map(([, name]) => name),
      names,
    );
    for (const [, name, rest] of rows) {
      const cells = rest!.split("|").map((cell) => cell.trim());
      assert.equal(cells.length, 5, name);
      assert.ok(
        cells.every((cell) => cell !== ""),
        name,
      );
    }
  });

  for (const guardrail of guardrails) {
    it(`shows what ${guardrail.name} says, as the user sees it`, () => {
      const sentences = judgeStack(guardrail, refused[guardrail.name]!);
      assert.notEqual(sentences.length, 0);
      const { name, description, remedy } = guardrail;
      const block = `\`\`\`text\n${name} (mandatory): ${description}\n${sentences.join("\n")} ${remedy}\n\`\`\``;
      assert.ok(sectionOf(name).includes(block), block);
    });
  }

  it("says by which tier it is when another stack passes there", () => {
    for (const guardrail of guardrails) {
      const [row] = page.split("\n").filter((line) => line.startsWith(`| [${guardrail.name}](`));
      const inDev = judgeStack(guardrail, { ...refused[guardrail.name]!, production: false });
      const cell = row!.split("|")[4]!.trim();
      assert.equal(cell === "–", inDev.length === 0, `${guardrail.name}: ${cell}`);
    }
  });
});
