// Every path a suite names is there: a spec that nobody runs proves nothing.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import suites from "./suites.json";

const root = path.join(__dirname, "..");

describe("suites.json", () => {
  it("names only spec files that exist, without braces, which mocha doesn't expand in a path", () => {
    for (const spec of Object.values(suites).flat()) {
      assert.doesNotMatch(spec, /[{}]/);
      const place = path.join(root, spec.replace(/\/\*\.spec\.ts$/, ""));
      assert.ok(fs.existsSync(place), `${spec} names nothing`);
    }
  });

  it("names each spec file of the cluster, where those that take longest come first", () => {
    const files = fs
      .readdirSync(path.join(root, "test", "cluster"))
      .map((file) => `test/cluster/${file}`);
    const specs = files.filter((file) => file.endsWith(".spec.ts"));
    assert.deepEqual([...suites.cluster].sort(), specs.sort());
  });
});
