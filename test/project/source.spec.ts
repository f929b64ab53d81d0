import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { readSource } from "../../project/source";

describe("readSource", () => {
  let dir: string;
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", dir, ...args], { encoding: "utf8" }).trim();

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-source-"));
  });
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

  function commit(): void {
    git("init", "--quiet");
    git("config", "user.email", "mira@example.com");
    fs.writeFileSync(path.join(dir, "a"), "1");
    git("add", "a");
    git("-c", "user.name=Mira", "commit", "--quiet", "--message", "start");
  }

  it("tells commit and actor of a clean checkout", async () => {
    commit();
    assert.deepEqual(await readSource(dir, {}), {
      commit: git("rev-parse", "HEAD"),
      dirty: false,
      actor: "mira@example.com",
    });
  });

  it("tells of changes that are not committed, new files too", async () => {
    commit();
    fs.writeFileSync(path.join(dir, "b"), "2");
    assert.equal((await readSource(dir, {})).dirty, true);
  });

  it("prefers the CI's user to git's", async () => {
    commit();
    assert.equal((await readSource(dir, { GITHUB_ACTOR: "kim" })).actor, "kim");
  });

  it("names an actor without git as well", async () => {
    const { commit: none, dirty, actor } = await readSource(path.join(dir, "missing"), {});
    assert.deepEqual([none, dirty], [null, null]);
    assert.notEqual(actor, "");
  });
});
