// What counts as reviewed, by real git repositories: each way to make a change look like one that was.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { appendReceipt } from "../../history/receipts";
import type { ReceiptFacts } from "../../history/receipt";
import { receiptFacts } from "../support/receipts";
import { inWords, receiptOf, reviewedSettings, ReviewedProject } from "../support/reviewed-project";
import { signedLine, testKey } from "../support/signing";
import { digestOf, pin } from "../support/evidence";
import { waiver } from "../policies/fixtures";

const lax = "    approvals: { required: 0 }\n";
const laxer = "tollgate:gates.approvals.required: 0 / 2";

describe("reviewOf", function () {
  this.timeout(20_000);
  let project: ReviewedProject;
  const folders: string[] = [];
  beforeEach(() => {
    project = new ReviewedProject();
  });
  afterEach(() => {
    project.remove();
    for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
  });

  /** A folder of its own beside the project, removed with it. */
  function folder(): string {
    const made = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-beside-"));
    folders.push(made);
    return made;
  }

  const differences = async () => (await project.review()).differences.map(inWords);
  const problem = async () => (await project.review()).problem;
  const makeLax = () => project.write("Pulumi.prod.yaml", reviewedSettings + lax);
  const stateDir = () => project.path(".tollgate/prod");

  function verdictOf(level: "mandatory" | "advisory"): ReceiptFacts["verdicts"][number] {
    return {
      ...{ gate: "settings-reviewed", level, status: "passed", passed: true, code: "ok" },
      ...{ subject: null, value: null, threshold: null, margin: null },
      ...{ reason: "", remedy: "", waiver: null },
    };
  }

  /** A release whose settings were compared with a commit. */
  async function released(commit: string, ref = "refs/heads/main"): Promise<void> {
    const compared = receiptOf(ref, commit, digestOf("5"));
    const verdicts = [verdictOf("mandatory")];
    await appendReceipt(stateDir(), receiptFacts({ ...compared, verdicts }));
  }

  it("finds nothing in settings as they are on main, and names its commit", async () => {
    const review = await project.review();
    assert.deepEqual(review.differences, []);
    assert.equal(review.problem, null);
    assert.equal(review.ref, "refs/heads/main");
    assert.equal(review.commit, project.git("rev-parse", "main"));
    assert.equal(review.level, "mandatory");
    assert.match(review.digest, /^sha256:[0-9a-f]{64}$/);
  });

  it("has the same digest after another pin and other approvals, and another after any setting", async () => {
    const { digest } = await project.review();
    project.edit(`${pin.version}@`, "7@");
    project.write("approvals/prod.jsonl", `${signedLine(testKey("ana"), "waiver", waiver)}\n`);
    assert.equal((await project.review()).digest, digest);
    project.edit("p95Ms: 80", "p95Ms: 81");
    assert.notEqual((await project.review()).digest, digest);
  });

  it("says who committed a lowered level on main", async () => {
    fs.appendFileSync(project.path("Pulumi.prod.yaml"), "  tollgate:alias: champion\n");
    project.commit("ben@example.com");
    const { lowered } = await project.answer();
    assert.deepEqual(lowered, [
      { gate: "latency", level: "advisory", from: "mandatory", by: "mira@example.com" },
    ]);
  });

  describe("what is in the project folder alone", () => {
    const uncommitted: Record<string, () => void> = {
      "not committed": makeLaxLater,
      staged: () => {
        makeLaxLater();
        project.git("add", "--all");
      },
      "hidden by assume-unchanged": () => {
        project.git("update-index", "--assume-unchanged", "Pulumi.prod.yaml");
        makeLaxLater();
      },
      "hidden by skip-worktree": () => {
        project.git("update-index", "--skip-worktree", "Pulumi.prod.yaml");
        makeLaxLater();
      },
      "hidden by a filter": () => {
        project.write(".git/info/attributes", "Pulumi.prod.yaml filter=old\n");
        project.git("config", "filter.old.clean", "git cat-file blob main:Pulumi.prod.yaml");
        makeLaxLater();
      },
      "a link to a file elsewhere": () => {
        const elsewhere = path.join(folder(), "settings.yaml");
        fs.writeFileSync(elsewhere, reviewedSettings + lax);
        fs.rmSync(project.path("Pulumi.prod.yaml"));
        fs.symlinkSync(elsewhere, project.path("Pulumi.prod.yaml"));
      },
    };
    function makeLaxLater() {
      makeLax();
    }

    for (const [how, act] of Object.entries(uncommitted)) {
      it(`is told, ${how}`, async () => {
        act();
        assert.deepEqual(await differences(), [`${laxer} (nobody)`]);
      });
    }

    it("is told of another tier, field by field, and judged at the reviewed level", async () => {
      project.edit("tier: prod", "tier: dev");
      const review = await project.review();
      const fields = review.differences.map(({ field }) => field);
      assert.ok(fields.includes("tollgate:tier"), fields.join("\n"));
      assert.ok(fields.includes("tollgate:gates.approvals.required"), fields.join("\n"));
      assert.ok(fields.includes("tollgate:gates.settings-reviewed.level"), fields.join("\n"));
      assert.equal(review.level, "mandatory");
    });

    it("is told of signers, revoked keys and waivers, line by line", async () => {
      const eve = testKey("eve");
      fs.appendFileSync(project.path("signers/prod.allowed_signers"), `eve ${eve.publicKey}\n`);
      project.write("signers/revoked_keys", `${testKey("ana").publicKey}\n`);
      const line = signedLine(eve, "waiver", { ...waiver, stack: "prod" });
      project.write("waivers/prod.jsonl", `${line}\n`);
      const told = await differences();
      assert.equal(told.length, 3, told.join("\n"));
      assert.match(
        told[0]!,
        /^revokedKeys sha256:[0-9a-f]{12}: sha256:[0-9a-f]{64} \/ absent \(nobody\)$/,
      );
      assert.match(told[1]!, /^signers eve sha256:[0-9a-f]{12}: /);
      assert.match(told[2]!, /^waivers sha256:[0-9a-f]{12}: /);
    });

    it("is told of Pulumi.yaml, which names program, provider and state", async () => {
      project.write("Pulumi.yaml", "name: reviewed\nruntime: nodejs\nmain: elsewhere\n");
      assert.match((await differences()).join(), /^Pulumi\.yaml: "sha256:/);
    });

    it("is told of a branch of one's own, named and committed there", async () => {
      project.git("checkout", "--quiet", "-b", "mine");
      project.write("Pulumi.prod.yaml", `${reviewedSettings}${lax}  tollgate:reviewed: mine\n`);
      project.commit("eve@example.com");
      const review = await project.review();
      assert.equal(review.ref, "refs/heads/main");
      assert.deepEqual(review.differences.map(inWords), [
        `${laxer} (eve@example.com)`,
        'tollgate:reviewed: "mine" / "main" (eve@example.com)',
      ]);
    });
  });

  describe("what is committed elsewhere than on main", () => {
    it("is told, with who committed it", async () => {
      project.git("checkout", "--quiet", "-b", "feature");
      makeLax();
      project.commit("eve@example.com");
      project.write("other", "1");
      project.commit("ben@example.com");
      assert.deepEqual(await differences(), [`${laxer} (eve@example.com)`]);
    });

    it("is told when HEAD is detached", async () => {
      makeLax();
      project.git("checkout", "--quiet", "--detach");
      project.commit("eve@example.com");
      assert.deepEqual(await differences(), [`${laxer} (eve@example.com)`]);
    });

    it("is told when main had it once and has it no more", async () => {
      makeLax();
      const once = project.commit("mira@example.com");
      project.write("Pulumi.prod.yaml", reviewedSettings);
      const tip = project.commit("ben@example.com");
      project.git("checkout", "--quiet", once);
      assert.match((await differences()).join(), /approvals\.required: 0 \/ 2/);
      // Older than what was released last.
      await released(tip);
      assert.match((await differences()).join(), /approvals\.required: 0 \/ 2/);
    });

    it("counts where main has gone on since HEAD left it, not before the last release", async () => {
      const first = project.git("rev-parse", "HEAD");
      await released(first);
      project.git("branch", "deploying");
      project.edit("p95Ms: 80", "p95Ms: 90");
      const tip = project.commit("mira@example.com");
      project.git("checkout", "--quiet", "deploying");
      const review = await project.review();
      assert.deepEqual(review.differences, []);
      assert.equal(review.commit, first);
      await released(tip);
      assert.match((await differences()).join(), /p95Ms: 80 \/ 90/);
    });

    it("is asked of the remote's branch rather than of one's own", async () => {
      const origin = folder();
      execFileSync("git", ["clone", "--quiet", "--bare", project.top, origin]);
      project.git("remote", "add", "origin", origin);
      project.git("fetch", "--quiet", "origin");
      makeLax();
      project.commit("eve@example.com");
      const review = await project.review();
      assert.equal(review.ref, "refs/remotes/origin/main");
      assert.deepEqual(review.differences.map(inWords), [`${laxer} (eve@example.com)`]);
      project.git("push", "--quiet", "origin", "main");
      assert.deepEqual(await differences(), []);
    });
  });

  describe("git told to look elsewhere", () => {
    /** Another repository whose main has no approvals. */
    function other(): ReviewedProject {
      const made = new ReviewedProject();
      folders.push(made.top);
      made.write("Pulumi.prod.yaml", reviewedSettings + lax);
      made.commit("eve@example.com");
      return made;
    }
    const variables: Record<string, (evil: ReviewedProject) => Record<string, string>> = {
      GIT_DIR: ({ top }) => ({ GIT_DIR: path.join(top, ".git") }),
      GIT_WORK_TREE: ({ top }) => ({ GIT_WORK_TREE: top, GIT_DIR: path.join(top, ".git") }),
      GIT_COMMON_DIR: ({ top }) => ({ GIT_COMMON_DIR: path.join(top, ".git") }),
      GIT_INDEX_FILE: ({ top }) => ({ GIT_INDEX_FILE: path.join(top, ".git", "index") }),
      GIT_OBJECT_DIRECTORY: ({ top }) => ({
        GIT_OBJECT_DIRECTORY: path.join(top, ".git", "objects"),
      }),
      GIT_NAMESPACE: () => ({ GIT_NAMESPACE: "mine" }),
      GIT_CEILING_DIRECTORIES: () => ({ GIT_CEILING_DIRECTORIES: os.tmpdir() }),
      GIT_CONFIG_COUNT: ({ top }) => ({
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "core.worktree",
        GIT_CONFIG_VALUE_0: top,
      }),
      GIT_CONFIG_GLOBAL: ({ top }) => {
        const file = path.join(top, "config");
        fs.writeFileSync(file, `[core]\n  worktree = ${top}\n`);
        return { GIT_CONFIG_GLOBAL: file, GIT_CONFIG_SYSTEM: file };
      },
    };
    for (const [name, of] of Object.entries(variables)) {
      it(`is not misled by ${name}`, async () => {
        const set = of(other());
        makeLax();
        Object.assign(process.env, set);
        try {
          assert.deepEqual(await differences(), [`${laxer} (nobody)`]);
        } finally {
          for (const each of Object.keys(set)) delete process.env[each];
        }
      });
    }

    it("is not misled by core.worktree in the repository's own settings", async () => {
      const nested = new ReviewedProject("infra/churn");
      folders.push(nested.top);
      nested.git("config", "core.worktree", nested.dir);
      nested.write("Pulumi.prod.yaml", reviewedSettings + lax);
      assert.deepEqual((await nested.review()).differences.map(inWords), [`${laxer} (nobody)`]);
    });

    it("is not misled by replaced objects", async () => {
      const tip = project.git("rev-parse", "HEAD");
      makeLax();
      const evil = project.commit("eve@example.com");
      project.git("update-ref", "refs/heads/main", tip);
      project.git("replace", tip, evil);
      assert.equal(project.git("rev-parse", "main"), tip);
      assert.deepEqual(await differences(), [`${laxer} (nobody)`]);
      project.git("replace", "--delete", tip);
      const [was, is] = ["main", evil].map((each) =>
        project.git("rev-parse", `${each}:Pulumi.prod.yaml`),
      );
      project.git("replace", was!, is!);
      assert.deepEqual(await differences(), [`${laxer} (nobody)`]);
    });

    it("refuses an object whose content was exchanged under its name", async () => {
      const id = project.git("rev-parse", "main:Pulumi.prod.yaml");
      const file = path.join(project.top, ".git", "objects", id.slice(0, 2), id.slice(2));
      makeLax();
      const text = Buffer.from(reviewedSettings + lax);
      const bytes = Buffer.concat([Buffer.from(`blob ${text.length}\0`), text]);
      assert.notEqual(crypto.createHash("sha1").update(bytes).digest("hex"), id);
      fs.rmSync(file, { force: true });
      fs.writeFileSync(file, zlib.deflateSync(bytes));
      const review = await project.review();
      assert.match(String(review.problem), /isn't what its hash says|can't read the repository/);
      assert.equal(review.commit, null);
    });
  });

  describe("where nothing can be compared", () => {
    it("says that there is no repository", async () => {
      fs.rmSync(path.join(project.top, ".git"), { recursive: true });
      assert.match(String(await problem()), /isn't in a git repository; commit it in one$/);
    });

    it("keeps the level of the last release, whatever the settings say now", async () => {
      await released(project.git("rev-parse", "HEAD"));
      fs.rmSync(path.join(project.top, ".git"), { recursive: true });
      project.edit("tier: prod", "tier: dev");
      const review = await project.review();
      assert.match(String(review.problem), /isn't in a git repository/);
      assert.equal(review.level, "mandatory");
    });

    it("says that the branch is missing", async () => {
      project.git("branch", "-m", "main", "trunk");
      assert.match(
        String(await problem()),
        /^branch main, .* isn't in this clone; fetch it, or name/,
      );
    });

    it("keeps to the level of the last release, whose receipt names no branch yet, when none is there", async () => {
      const verdict = { ...verdictOf("mandatory"), gate: "lowering-reviewed" };
      await appendReceipt(stateDir(), receiptFacts({ verdicts: [verdict] }));
      project.git("branch", "-m", "main", "trunk");
      project.edit("tier: prod", "tier: dev");
      const review = await project.review();
      assert.match(String(review.problem), /^no branch here has the stack's settings/);
      assert.equal(review.level, "mandatory");
    });

    it("says that the branch of the last release is missing, and takes no other for it", async () => {
      await released(project.git("rev-parse", "HEAD"), "refs/remotes/origin/main");
      assert.match(String(await problem()), /^origin\/main, .* isn't in this clone; fetch it/);
    });

    it("says that the stack isn't on the branch", async () => {
      project.git("rm", "--quiet", "--cached", "Pulumi.prod.yaml");
      project.write(".gitignore", "Pulumi.prod.yaml\n");
      project.commit("mira@example.com");
      assert.match(String(await problem()), /^main has no Pulumi\.prod\.yaml at this place/);
    });

    it("says that the clone doesn't hold the last release's commit, where it is shallow", async () => {
      const first = project.git("rev-parse", "HEAD");
      project.write("other", "1");
      project.commit("mira@example.com");
      const clone = folder();
      fs.rmSync(clone, { recursive: true });
      execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${project.top}`, clone]);
      const shallow = Object.assign(Object.create(project) as ReviewedProject, {
        top: clone,
        dir: clone,
      });
      assert.deepEqual((await shallow.review()).differences, []);
      await appendReceipt(
        path.join(clone, ".tollgate", "prod"),
        receiptFacts(receiptOf("refs/remotes/origin/main", first, digestOf("5"))),
      );
      const review = await shallow.review();
      assert.match(
        String(review.problem),
        /isn't in the history of origin\/main here; fetch the whole/,
      );
    });

    it("says that another repository, put in the place of the first, isn't that of the last release", async () => {
      await released(project.git("rev-parse", "HEAD"));
      fs.rmSync(path.join(project.top, ".git"), { recursive: true });
      makeLax();
      project.git("init", "--quiet", "--initial-branch=main");
      project.commit("eve@example.com");
      assert.match(String(await problem()), /isn't in the history of main here/);
    });

    it("says that a file is a link or in a submodule there", async () => {
      project.write("real", fs.readFileSync(project.path("signers/prod.allowed_signers"), "utf8"));
      fs.rmSync(project.path("signers"), { recursive: true });
      fs.mkdirSync(project.path("signers"));
      fs.symlinkSync("../real", project.path("signers/prod.allowed_signers"));
      project.commit("mira@example.com");
      assert.match(
        String(await problem()),
        /^signers\/prod\.allowed_signers is a symbolic link there/,
      );
      project.git("rm", "-r", "--quiet", "signers");
      const commit = project.git("rev-parse", "HEAD");
      project.git("update-index", "--add", "--cacheinfo", `160000,${commit},signers`);
      project.git(
        ...["-c", "user.email=m@x", "-c", "user.name=x"],
        ...["commit", "--quiet", "--message", "Move the signers elsewhere"],
      );
      assert.match(String(await problem()), /^signers is a submodule there/);
    });

    it("says that the settings there can't be read", async () => {
      project.edit("tier: prod", "tier: production");
      project.commit("mira@example.com");
      project.edit("tier: production", "tier: prod");
      assert.match(String(await problem()), /tollgate:tier: got "production"/);
    });
  });

  it("compares a project below the top of its repository with the same place in the commit", async () => {
    const nested = new ReviewedProject("infra/churn");
    folders.push(nested.top);
    assert.deepEqual((await nested.review()).differences, []);
    fs.writeFileSync(path.join(nested.top, "Pulumi.prod.yaml"), reviewedSettings + lax);
    nested.commit("mira@example.com");
    assert.deepEqual((await nested.review()).differences, []);
    nested.write("Pulumi.prod.yaml", reviewedSettings + lax);
    assert.deepEqual((await nested.review()).differences.map(inWords), [`${laxer} (nobody)`]);
  });

  it("follows a branch that main names, when that one names itself", async () => {
    project.write("Pulumi.prod.yaml", `${reviewedSettings}  tollgate:reviewed: release\n`);
    project.commit("mira@example.com");
    assert.match(String(await problem()), /^branch release, /);
    project.git("branch", "release");
    assert.equal((await project.review()).ref, "refs/heads/release");
    assert.deepEqual(await differences(), []);
    project.git("checkout", "--quiet", "release");
    project.write("Pulumi.prod.yaml", `${reviewedSettings}  tollgate:reviewed: third\n`);
    project.commit("mira@example.com");
    assert.match(String(await problem()), /^main names release in tollgate:reviewed/);
  });

  it("asks nothing of a stack whose settings name no branch, in or outside of a repository", async () => {
    project.edit("tier: prod", "tier: dev");
    project.commit("mira@example.com");
    const inside = await project.review();
    assert.deepEqual([inside.commit, inside.problem, inside.differences], [null, null, []]);
    fs.rmSync(path.join(project.top, ".git"), { recursive: true });
    const outside = await project.review();
    assert.deepEqual([outside.commit, outside.problem, outside.differences], [null, null, []]);
  });
});
