// Settings that nobody has reviewed, on the real engine and without the policy pack: each way to have the gates judge by
// others. No server runs: the registry is a stand-in that knows no version, which the gates refuse besides.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import YAML from "yaml";
import { digestOf } from "../support/evidence";
import { TestProject, type CommandResult } from "../support/project";
import { signersOf, testKey } from "../support/signing";
import { standIn, type StandIn } from "../registry/stand-in";

describe("settings that nobody has reviewed, in production", function () {
  this.timeout(180_000);
  let project: TestProject;
  let registry: StandIn;
  let settings: string;

  const file = (...names: string[]) => path.join(project.dir, ...names);
  const preview = (more: readonly string[] = [], env: Record<string, string> = {}) =>
    project.pulumi(["preview", "--stack", "prod", "--non-interactive", ...more], { env });

  before(async () => {
    registry = await standIn(() => ({
      status: 404,
      body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" },
    }));
    project = await TestProject.create("churn", ["prod"], (config) => {
      config["tollgate:trackingServer"] = { uri: registry.uri };
      config["tollgate:pin"] = `1@${digestOf("a")}`;
    });
    fs.mkdirSync(file("signers"));
    fs.writeFileSync(
      file("signers", "prod.allowed_signers"),
      signersOf(testKey("ana"), testKey("ben")),
    );
    project.commit("Say who may sign");
    settings = fs.readFileSync(file("Pulumi.prod.yaml"), "utf8");
    const made = await project.pulumi(["stack", "init", "prod", "--non-interactive"]);
    assert.equal(made.code, 0, made.stderr);
  });
  after(async () => {
    await project?.dispose();
    await registry?.close();
  });
  afterEach(() => fs.writeFileSync(file("Pulumi.prod.yaml"), settings));

  /** The stack's settings with one thing changed. */
  function changed(change: (config: Record<string, unknown>) => void): string {
    const document = YAML.parse(settings) as { config: Record<string, unknown> };
    change(document.config);
    return YAML.stringify(document);
  }

  const withoutApprovals = () =>
    changed((config) => {
      const gates = config["tollgate:gates"] as object;
      config["tollgate:gates"] = { ...gates, approvals: { required: 0 } };
    });

  function assertRefused(result: CommandResult, field: RegExp): void {
    const said = result.stdout + result.stderr;
    assert.notEqual(result.code, 0, said);
    assert.match(said, new RegExp(`settings-reviewed: .*${field.source}`));
  }
  const noApprovals = /approvals\.required 0, which is 2 in [0-9a-f]{12} of main/;

  it("are not found where they are as on main", async () => {
    const result = await preview();
    assert.notEqual(result.code, 0);
    assert.match(result.stdout + result.stderr, /evidence-present: /);
    assert.doesNotMatch(result.stdout + result.stderr, /settings-reviewed/);
  });

  it("are refused in a file that isn't committed, and shown in the preview", async () => {
    fs.writeFileSync(file("Pulumi.prod.yaml"), withoutApprovals());
    assertRefused(await preview(), noApprovals);
    const told = await project.tollgate(["preview", "--stack", "prod", "--json"]);
    assert.equal(told.code, 2, told.stderr);
    const document = JSON.parse(told.stdout) as { settings: { asReviewed: boolean } };
    assert.equal(document.settings.asReviewed, false);
  });

  it("are refused when a flag of git's index hides them", async () => {
    project.git("update-index", "--assume-unchanged", "Pulumi.prod.yaml");
    try {
      fs.writeFileSync(file("Pulumi.prod.yaml"), withoutApprovals());
      assertRefused(await preview(), noApprovals);
    } finally {
      project.git("update-index", "--no-assume-unchanged", "Pulumi.prod.yaml");
    }
  });

  it("are refused in another file, and as a flag of one command", async () => {
    const other = file(".tollgate", "Pulumi.prod.yaml");
    fs.mkdirSync(path.dirname(other), { recursive: true });
    fs.writeFileSync(other, withoutApprovals());
    assertRefused(await preview(["--config-file", other]), noApprovals);
    const flag = ["--config", 'tollgate:gates={"approvals":{"required":0}}'];
    assertRefused(await preview(flag), noApprovals);
  });

  it("are refused where git is told of another repository", async () => {
    const other = fs.mkdtempSync(file(".tollgate", "repository-"));
    const git = (...args: string[]) => execFileSync("git", ["-C", other, ...args]);
    git("init", "--quiet", "--initial-branch=main");
    for (const name of ["Pulumi.yaml", "signers"]) {
      fs.cpSync(file(name), path.join(other, name), { recursive: true });
    }
    fs.writeFileSync(path.join(other, "Pulumi.prod.yaml"), withoutApprovals());
    git("add", "--all");
    git("-c", "user.email=eve@example.com", "-c", "user.name=x", "commit", "--quiet", "-m", "x");
    fs.writeFileSync(file("Pulumi.prod.yaml"), withoutApprovals());
    const elsewhere = { GIT_DIR: path.join(other, ".git"), GIT_WORK_TREE: other };
    assertRefused(await preview([], elsewhere), noApprovals);
  });

  it("are refused when they switch every gate off and name another tier", async () => {
    const off = changed((config) => {
      config["tollgate:tier"] = "dev";
      config["tollgate:gates"] = { level: "disabled" };
    });
    fs.writeFileSync(file("Pulumi.prod.yaml"), off);
    assertRefused(await preview(), /tier "dev", which is "prod"/);
  });

  it("are refused when they add who may sign", async () => {
    const signers = file("signers", "prod.allowed_signers");
    const listed = fs.readFileSync(signers, "utf8");
    fs.appendFileSync(signers, signersOf(testKey("stranger")));
    try {
      assertRefused(await preview(), /signers stranger\S* sha256:/);
    } finally {
      fs.writeFileSync(signers, listed);
    }
  });

  it("are refused on a branch that they name themselves", async () => {
    project.git("checkout", "--quiet", "-b", "mine");
    try {
      const own = `${withoutApprovals().trimEnd()}\n  tollgate:reviewed: mine\n`;
      fs.writeFileSync(file("Pulumi.prod.yaml"), own);
      project.commit("Ask for no approval");
      assertRefused(await preview(), /reviewed "mine", which is "main"/);
    } finally {
      project.git("checkout", "--quiet", "--force", "main");
    }
  });
});
