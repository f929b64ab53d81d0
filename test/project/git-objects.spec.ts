import assert from "node:assert/strict";
import path from "node:path";
import { GitObjects } from "../../project/git-objects";
import { fakeProgram, refusal, temporaryFolder, withVariables } from "../toolchain/helpers";

// Programs that stand for a git that fails or is slow: a real one does so on no test's word.

describe("GitObjects, with a git that doesn't answer", () => {
  const folder = temporaryFolder();
  const repository = { gitDir: path.join(folder, ".git"), prefix: "", top: folder };
  const hint = 'echo "hint: Support for <GIT_DIR>/info/grafts is deprecated" >&2';
  let programs = "";
  withVariables(() => ({ PATH: `${programs}${path.delimiter}${process.env["PATH"]}` }));

  function git(name: string, script: string): () => void {
    return () => {
      programs = path.join(folder, name);
      fakeProgram(programs, "git", script);
    };
  }

  context("as it fails", () => {
    before(git("fails", `${hint}\necho "fatal: no such disk" >&2\nexit 128`));

    it("tells its complaint, and no hint", async () => {
      const objects = new GitObjects(repository);
      assert.equal(
        await refusal(objects.commit("HEAD")),
        "git can't read the repository (no such disk)",
      );
      objects.close();
    });
  });

  context("in time", () => {
    before(git("slow", `${hint}\nexec sleep 60`));

    it("tells that, and waits for no further answer", async () => {
      const objects = new GitObjects(repository, 100);
      const said = "git didn't answer within 0.1 s";
      assert.equal(await refusal(objects.commit("HEAD")), said);
      assert.equal(await refusal(objects.commit("main")), said);
      objects.close();
    });
  });

  context("all at once", () => {
    // As long as all answers together take more than the time of one, and each of them less.
    before(git("steady", `while read name; do sleep 0.1; echo "$name missing"; done`));

    it("has the time for each answer anew", async () => {
      const objects = new GitObjects(repository, 1_000);
      for (let asked = 0; asked < 15; asked++) {
        assert.equal(await objects.commit(`refs/heads/${asked}`), null);
      }
      objects.close();
    });
  });
});
