import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { guardrails } from "../../../policies/guardrails";
import { judged } from "./stacks";

const folder = path.resolve(__dirname, "../../../policies/guardrails");
/** Files beside the rules: what they are made of. */
const helpers = [
  "beside",
  "containers",
  "guardrail",
  "index",
  "kubernetes",
  "openings",
  "plain",
  "secrets",
];

describe("guardrails", () => {
  it("lists every rule of the folder, once", () => {
    const files = readdirSync(folder).map((file) => path.basename(file, ".ts"));
    const rules = files.filter((file) => !helpers.includes(file));
    assert.deepEqual(guardrails.map(({ name }) => name).sort(), rules.sort());
  });

  for (const guardrail of guardrails) {
    describe(guardrail.name, () => {
      it("has a kebab-case name, a description of one sentence and a remedy", () => {
        assert.match(guardrail.name, /^[a-z]+(-[a-z]+)*$/);
        assert.match(guardrail.description, /^[A-Z].+[^.]\.$/);
        assert.match(guardrail.remedy, /^[A-Z].{20,}\.$/);
      });

      it("asks of each resource, of all together, or both", () => {
        assert.ok(guardrail.alone ?? guardrail.together);
      });

      it("has a spec", () => {
        assert.ok(existsSync(path.join(__dirname, `${guardrail.name}.spec.ts`)));
      });

      it("has nothing against an empty stack", () => {
        assert.deepEqual(judged(guardrail, []), []);
      });
    });
  }
});
