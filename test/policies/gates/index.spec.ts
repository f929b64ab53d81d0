import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { gates } from "../../../policies/gates";

const folder = path.resolve(__dirname, "../../../policies/gates");

describe("gates", () => {
  it("lists every file of the folder, once", () => {
    const files = readdirSync(folder)
      .filter((file) => file !== "index.ts")
      .map((file) => path.basename(file, ".ts"));
    assert.deepEqual(gates.map(({ name }) => name).sort(), files.sort());
  });

  for (const gate of gates) {
    describe(gate.name, () => {
      it("has a kebab-case name", () => assert.match(gate.name, /^[a-z]+(-[a-z]+)*$/));

      it("has a description of one sentence", () => {
        assert.match(gate.description, /^[A-Z][^.]+\.$/);
      });

      it("has a remedy", () => assert.match(gate.remedy, /^[A-Z].{20,}\.$/));

      it("takes strict settings", () => {
        assert.equal(gate.settings.safeParse({ "no-such-setting": 1 }).success, false);
      });

      it("has a spec", () => assert.ok(existsSync(path.join(__dirname, `${gate.name}.spec.ts`))));
    });
  }
});
