import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureStateFolder } from "../../processes/folder";

describe("ensureStateFolder", () => {
  let project: string;
  beforeEach(() => {
    project = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-folder-"));
    execFileSync("git", ["init", "--quiet", project]);
  });
  afterEach(() => fs.rmSync(project, { recursive: true, force: true }));

  /** What `git add .` would commit. */
  const added = () => {
    execFileSync("git", ["-C", project, "add", "."]);
    return execFileSync("git", ["-C", project, "ls-files"], { encoding: "utf8" });
  };

  it("leaves git nothing to commit of a project's state, though the repository ignores nothing", () => {
    const stateDir = path.join(project, ".tollgate", "dev");
    ensureStateFolder(stateDir);
    fs.writeFileSync(path.join(stateDir, "secret"), "x");
    fs.writeFileSync(path.join(project, "train.py"), "");
    assert.equal(added(), "train.py\n");
  });

  it("leaves a file of the user's own alone", () => {
    const own = path.join(project, ".tollgate", ".gitignore");
    fs.mkdirSync(path.dirname(own));
    fs.writeFileSync(own, "dev/secrets\n");
    ensureStateFolder(path.join(project, ".tollgate", "dev"));
    assert.equal(fs.readFileSync(own, "utf8"), "dev/secrets\n");
  });

  it("hides nothing beside a state folder that is elsewhere", () => {
    ensureStateFolder(path.join(project, "state", "dev"));
    assert.deepEqual(fs.readdirSync(path.join(project, "state")), ["dev"]);
  });
});
