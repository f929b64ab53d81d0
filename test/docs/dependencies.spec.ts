// The page that says why each package is there. Cannot tell whether the reason is still true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import manifest from "../../package.json";

const page = readFileSync(path.join(__dirname, "..", "..", "docs", "dependencies.md"), "utf8");

/** Packages that the table under a heading names, in its order. */
function packagesUnder(heading: string): string[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, name]) => name!);
}

describe("docs/dependencies.md", () => {
  it("says why each package is there at run time", () => {
    assert.deepEqual(packagesUnder("At run time"), Object.keys(manifest.dependencies));
  });

  it("says why each package is there for development", () => {
    assert.deepEqual(packagesUnder("For development"), Object.keys(manifest.devDependencies));
  });
});
