import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commitLines, gitFacts, requireCodeOf } from "../../cli/git";
import { warnOfLineage } from "../../cli/training/lineage-warning";
import { Output } from "../../cli/terminal/output";
import { loadFromText } from "../../config/load";
import { temporaryFolder } from "./support/project";
import { capture } from "./support/streams";

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
        changed: [],
        author: "ada@example.com",
      });
    });

    it("is dirty by a changed or a new source file", () => {
      write("model/new.py", "1");
      write("train.py", "2");
      const { dirty, changed } = gitFacts(folder.dir);
      assert.deepEqual([dirty, changed], [true, ["train.py", "model/"]]);
    });

    it("isn't dirty by a pin, an approval or the state", () => {
      write("Pulumi.dev.yaml", "config: { x: 1 }\n");
      write("approvals/dev.jsonl", "{}\n");
      write(".tollgate/dev/receipts.jsonl", "{}\n");
      write(".pulumi/meta.yaml", "version: 1\n");
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

  describe("warnOfLineage", () => {
    async function warning(more = ""): Promise<string> {
      const text = `config:\n  tollgate:tier: staging\n  tollgate:model: m\n${more}`;
      const settings = await loadFromText(text, "it", { stack: "staging", projectDir: folder.dir });
      const streams = capture();
      const output = new Output(streams, false, false);
      warnOfLineage({ output }, settings, gitFacts(folder.dir));
      return streams.err();
    }

    it("names the file that isn't committed and the gate that will refuse", async () => {
      assert.equal(await warning(), "");
      write("train.py", "2");
      assert.equal(
        await warning(),
        "train.py isn't committed, so lineage-complete will refuse the version in staging: stop this, commit, and train again.\n",
      );
      write("new.py", "1");
      assert.match(await warning(), /^train\.py and 1 more aren't committed, /);
    });

    it("says as much as the gate's level does", async () => {
      write("train.py", "2");
      const gates = (settings: string) => `  tollgate:gates: { lineage-complete: ${settings} }\n`;
      assert.match(await warning(gates("{ level: advisory }")), / will advise against the version/);
      assert.equal(await warning(gates("{ level: disabled }")), "");
      assert.equal(await warning(gates("{ allowDirty: true }")), "");
    });

    it("says that nothing is committed, or that there is no repository", async () => {
      rmSync(join(folder.dir, ".git"), { recursive: true });
      assert.match(await warning(), / has no commit in git, so lineage-complete will refuse /);
    });
  });

  describe("commitLines", () => {
    const lines = () => {
      const place = { projectDir: folder.dir, stack: "prod" };
      return commitLines(place, join(folder.dir, "Pulumi.dev.yaml"), "3");
    };

    it("is the command that commits a pin, once there is one to commit", () => {
      assert.deepEqual(lines(), []);
      write("Pulumi.dev.yaml", "config: { x: 1 }\n");
      const [line = ""] = lines();
      assert.match(line, /^Commit the pin: /);
      const command = line.slice("Commit the pin: ".length);
      execFileSync("sh", ["-c", command], { cwd: folder.dir, stdio: "ignore" });
      assert.equal(git("log", "-1", "--format=%s"), "Serve version 3 in prod");
      assert.deepEqual(lines(), []);
    });

    it("is nothing outside a repository", () => {
      rmSync(join(folder.dir, ".git"), { recursive: true });
      assert.deepEqual(lines(), []);
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
