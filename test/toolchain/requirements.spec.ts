import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { nodeProblem, outdatedPackage, packagesProblem } from "../../toolchain/requirements.cjs";
import { temporaryFolder } from "./helpers";

const root = path.join(__dirname, "..", "..");
const folder = temporaryFolder();
let number = 0;

function newRoot(wanted: object, installed: object | null): string {
  const made = path.join(folder, String(number++));
  mkdirSync(path.join(made, "node_modules"), { recursive: true });
  writeFileSync(path.join(made, "package-lock.json"), JSON.stringify({ packages: wanted }));
  if (installed) {
    writeFileSync(
      path.join(made, "node_modules", ".package-lock.json"),
      JSON.stringify({ packages: installed }),
    );
  }
  return made;
}

describe("nodeProblem", () => {
  it("accepts 20.19 and everything newer", () => {
    const newer = fc.oneof(
      fc.tuple(fc.constant(20), fc.integer({ min: 19, max: 99 })),
      fc.tuple(fc.integer({ min: 21, max: 99 }), fc.nat(99)),
    );
    fc.assert(
      fc.property(
        newer,
        fc.nat(99),
        ([major, minor], patch) => nodeProblem(`v${major}.${minor}.${patch}`) === null,
      ),
    );
  });

  it("refuses an older Node in one sentence with both versions", () => {
    const message =
      "Tollgate needs Node 20.19 or newer, and this is v20.18.1: install a newer Node.";
    assert.equal(nodeProblem("v20.18.1"), message);
    assert.match(nodeProblem("v18.20.4") ?? "", /v18\.20\.4/);
  });
});

describe("packagesProblem", () => {
  it("refuses a folder without packages in one sentence", () => {
    assert.equal(
      packagesProblem(folder),
      `The npm packages are missing in ${folder}: run \`npm ci\` there.`,
    );
    assert.equal(packagesProblem(root), null);
  });

  it("is what the command says in a clone without packages, with exit code 1", () => {
    const clone = path.join(folder, "clone", "toolchain");
    mkdirSync(clone, { recursive: true });
    for (const name of ["tollgate.cjs", "requirements.cjs"]) {
      copyFileSync(path.join(root, "toolchain", name), path.join(clone, name));
    }
    const { status, stderr } = spawnSync(process.execPath, [path.join(clone, "tollgate.cjs")], {
      encoding: "utf8",
    });
    assert.equal(
      stderr,
      `The npm packages are missing in ${path.dirname(clone)}: run \`npm ci\` there.\n`,
    );
    assert.equal(status, 1);
  });
});

describe("outdatedPackage", () => {
  const wanted = {
    "": { version: "1.0.0" },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/for-other-platforms": { version: "1.0.0", optional: true },
  };

  it("accepts what the lock wants, without optional packages", () => {
    assert.equal(
      outdatedPackage(newRoot(wanted, { "node_modules/a": { version: "1.0.0" } })),
      null,
    );
  });

  it("names a package of another version, a missing one, and the first when nothing is installed", () => {
    assert.equal(
      outdatedPackage(newRoot(wanted, { "node_modules/a": { version: "0.9.0" } })),
      "node_modules/a",
    );
    assert.equal(outdatedPackage(newRoot(wanted, {})), "node_modules/a");
    assert.equal(outdatedPackage(newRoot(wanted, null)), "node_modules/a");
  });
});
