import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gitFacts, requireCodeOf } from "../../cli/git";
import { temporaryFolder } from "./support/project";

describe("git", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: folder.dir,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder.dir, path)), { recursive: true });
    writeFileSync(join(folder.dir, path), text);
  };
  const commit = () => {
    git("add", "-A");
    git("commit", "-qm", "change");
    return git("rev-parse", "HEAD");
  };
  let first: string;

  beforeEach(() => {
    folder = temporaryFolder({ "train.py": "1", "Pulumi.dev.yaml": "config: {}\n" });
    git("init", "-q");
    git("config", "user.email", "ada@example.com");
    git("config", "user.name", "Ada");
    first = commit();
  });
  afterEach(() => folder.remove());

  describe("gitFacts", () => {
    it("names commit and author of a clean folder", () => {
      assert.deepEqual(gitFacts(folder.dir), {
        commit: first,
        dirty: false,
        author: "ada@example.com",
      });
    });

    it("is dirty by a changed or a new source file", () => {
      write("model/new.py", "1");
      assert.equal(gitFacts(folder.dir).dirty, true);
    });

    it("isn't dirty by a pin, an approval or the state", () => {
      write("Pulumi.dev.yaml", "config: { x: 1 }\n");
      write("approvals/dev.jsonl", "{}\n");
      write(".tollgate/dev/receipts.jsonl", "{}\n");
      assert.equal(gitFacts(folder.dir).dirty, false);
    });

    it("takes the commit's author where git knows no user, as on CI", () => {
      git("config", "user.email", "");
      const author = gitFacts(folder.dir).author;
      assert.equal(author, "ada@example.com");
    });

    it("knows nothing outside a repository", () => {
      const outside = temporaryFolder();
      const { commit: none, dirty } = gitFacts(outside.dir);
      outside.remove();
      assert.deepEqual([none, dirty], [null, null]);
    });
  });

  describe("requireCodeOf", () => {
    it("accepts a later commit that only moved pins and approvals", () => {
      write("Pulumi.dev.yaml", "config: { x: 1 }\n");
      write("approvals/dev.jsonl", "{}\n");
      commit();
      requireCodeOf(folder.dir, first);
    });

    it("refuses other code and names the command", () => {
      write("train.py", "2");
      commit();
      assert.throws(() => requireCodeOf(folder.dir, first), {
        message: `The code here isn't that of commit ${first.slice(0, 12)}, which the version was trained from (changed: train.py): check it out with \`git checkout ${first.slice(0, 12)}\`.`,
      });
    });

    it("refuses changes that aren't committed", () => {
      write("train.py", "2");
      assert.throws(() => requireCodeOf(folder.dir, first), /aren't committed \(train.py\)/);
    });

    it("refuses a commit that isn't there", () => {
      assert.throws(() => requireCodeOf(folder.dir, "0".repeat(40)), /is not in this repository/);
    });
  });
});
