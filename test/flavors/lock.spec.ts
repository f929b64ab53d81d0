// The flavors are tried with the packages that models are served with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..", "..");

/** The locked requirements, such as `numpy==2.4.6 ; python_version < "3.12"`. */
function locked(...file: string[]): Set<string> {
  const text = readFileSync(path.join(root, ...file), "utf8");
  return new Set([...text.matchAll(/^([\w.-]+==[^\\\n]*?) ?\\?$/gm)].map((match) => match[1]!));
}

describe("test/flavors/requirements.lock", () => {
  it("has all that serving/requirements.lock has, in the same versions: npm run lock", () => {
    const served = locked("serving", "requirements.lock");
    const flavors = locked("test", "flavors", "requirements.lock");
    assert.ok(served.size > 50);
    assert.deepEqual(
      [...served].filter((each) => !flavors.has(each)),
      [],
    );
  });
});
