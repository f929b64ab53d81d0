// How an environment ends and what is said of it afterwards: stopped, failed to start, destroyed, deleted with its data,
// brought back from a backup. SQLite and a folder keep it quick.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { processesOf } from "../support/processes";
import { lightRegistry, run, TestProject, type CommandResult } from "../support/project";

const minutes = (n: number) => n * 60_000;
const root = path.join(__dirname, "..", "..");

interface Told {
  ended: string | null;
  drift: string[];
  processes: { name: string; status: string }[];
}

describe("the end of an environment", function () {
  this.timeout(minutes(5));
  let project: TestProject;
  const stack = ["--stack", "staging"];
  const stackFile = () => path.join(project.dir, "Pulumi.staging.yaml");
  const inState = (...names: string[]) => path.join(project.stateDir("staging"), ...names);
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;
  const told = async () =>
    JSON.parse((await project.must("status", "--json", ...stack)).stdout) as Told;
  const servedVersion = () => project.servedVersion("staging");

  before(async function () {
    this.timeout(minutes(10));
    project = await TestProject.create("churn", ["staging"], (config) => {
      config["tollgate:protect"] = true;
      lightRegistry(config);
      config["tollgate:release"] = { watchSeconds: 0, warmSeconds: 0 };
      const train = config["tollgate:train"] as Record<string, unknown>;
      train["parameters"] = { model: "gradient-boosting" };
    });
    await project.must("up", ...stack);
    const evaluated = async (estimators: number) => {
      await project.must("train", ...stack, "--param", `n_estimators=${estimators}`);
      await project.must("evaluate", ...stack);
    };
    await evaluated(100);
    await project.must("pin", "1", ...stack);
    await project.must("up", ...stack);
    // Beside the one that is served.
    await evaluated(120);
  });
  after(() => project.dispose());

  it("says after stop that it is stopped, and of no drift", async () => {
    await project.must("stop", ...stack);
    const status = await project.tollgate(["status", "--check", ...stack]);
    assert.equal(status.code, 1, printed(status));
    assert.match(
      status.stdout,
      /^Stopped by `tollgate stop`: .*\nNext: tollgate up --stack staging$/m,
    );
    assert.doesNotMatch(status.stdout, /SIG|dead|Drift/);
    const { ended, drift, processes } = await told();
    assert.deepEqual([ended, drift], ["stop", []]);
    assert.ok(processes.length >= 3 && processes.every(({ status }) => status === "stopped"));
    await project.must("up", ...stack);
    assert.deepEqual([(await told()).ended, (await told()).drift], [null, []]);
  });

  it("still tells a server that was killed after a stop from one that was stopped", async () => {
    await project.must("stop", ...stack);
    await project.must("up", ...stack);
    const record = fs.readFileSync(inState("run", "router", "pid.json"), "utf8");
    const { keeper, child } = JSON.parse(record) as Record<"keeper" | "child", { pid: number }>;
    // Its keeper first, which would start it again.
    for (const { pid } of [keeper, child]) process.kill(pid, "SIGKILL");
    let status = await told();
    for (let tries = 0; tries < 50 && status.drift.length === 0; tries++) status = await told();
    assert.equal(status.ended, null);
    assert.match(status.drift.join("\n"), /^router is dead/m);
    await project.must("up", ...stack);
  });

  it("tells of a failed start no longer once another version is pinned", async () => {
    const swapped = modelFiles(inState("data"));
    assert.ok(swapped.length >= 2, "no model files found to swap");
    const originals = swapped.map((file) => fs.readFileSync(file));
    for (const file of swapped) fs.appendFileSync(file, "swapped");
    fs.rmSync(inState("models"), { recursive: true });
    try {
      await project.must("pin", "2", ...stack);
      const failed = await project.tollgate(["up", ...stack]);
      assert.equal(failed.code, 1, printed(failed));
      assert.match(failed.stderr, /scorer.*digest/);
      // The old version answers, and callers are told so.
      assert.equal(await servedVersion(), "1");
    } finally {
      swapped.forEach((file, index) => fs.writeFileSync(file, originals[index]!));
    }
    await project.must("pin", "1", ...stack);
    await project.must("up", ...stack);
    assert.deepEqual((await told()).drift, []);
    await project.must("status", "--check", ...stack);
  });

  it("names the version that the stage belongs to, beside the alias", async () => {
    await project.must("pin", "2", ...stack);
    const { stdout } = await project.must("status", ...stack);
    await project.must("pin", "1", ...stack);
    assert.match(stdout, /^registry .* alias staging -> version 1, version 2 in stage None$/m);
  });

  it("says after destroy that it is destroyed, and leaves no process and no folder of one", async () => {
    await project.must("destroy", ...stack);
    assert.deepEqual(processesOf(project.stateDir("staging")), []);
    for (const name of ["run", "route"]) assert.equal(fs.existsSync(inState(name)), false, name);
    const { ended, drift } = await told();
    assert.deepEqual([ended, drift], ["destroy", []]);
    const { stdout } = await project.must("status", ...stack);
    assert.match(stdout, /^Destroyed by `tollgate destroy`: /m);
    await project.must("up", ...stack);
    assert.equal(await servedVersion(), "1");
  });

  for (const [what, words, said] of [
    [
      "without its name",
      [],
      /^staging is protected .*--backup staging\.tgz would\. Say --yes staging/,
    ],
    ["by another name", ["--yes", "prod"], /^--yes names "prod", and the data is that of staging/],
    [
      "into a backup that is there",
      ["--yes", "staging", "--backup", "Pulumi.yaml"],
      /is there already/,
    ],
    [
      "into a backup in no folder",
      ["--yes", "staging", "--backup", "no/b.tgz"],
      /can't be written/,
    ],
    [
      "into a backup in the data",
      ["--yes", "staging", "--backup", ".tollgate/staging/data/b.tgz"],
      /what is deleted/,
    ],
  ] as const) {
    it(`deletes no data of a protected stack ${what}, and ends nothing`, async () => {
      const before = fs.readdirSync(project.dir).sort();
      const result = await project.tollgate(["destroy", "--delete-data", ...words, ...stack]);
      assert.equal(result.code, 64, printed(result));
      assert.match(result.stderr, said);
      assert.equal(await servedVersion(), "1");
      assert.deepEqual(fs.readdirSync(project.dir).sort(), before);
      assert.deepEqual((await told()).drift, []);
    });
  }

  it("deletes no data when another name is typed at a terminal", async () => {
    const { code, stdout } = await atTerminal("prod\n", "destroy", "--delete-data");
    assert.equal(code, 64, stdout);
    assert.match(stdout, /Type staging to go on: /);
    assert.match(stdout, /"prod" was typed, not staging: nothing was changed/);
    assert.equal(await servedVersion(), "1");
  });

  it("deletes the data after a backup, which brings the version back", async () => {
    const backup = path.join(project.dir, "..", `${path.basename(project.dir)}.tgz`);
    try {
      const words = ["--delete-data", "--yes", "staging", "--backup", backup];
      const deleted = await project.must("destroy", ...words, ...stack);
      assert.match(deleted.stdout, new RegExp(`^A copy is in ${backup}; `, "m"));
      for (const name of ["data", "models"]) assert.equal(fs.existsSync(inState(name)), false);
      assert.equal(fs.statSync(backup).mode & 0o077, 0, "others may read the passwords in it");
      const [, restore = ""] = /`(tar [^`]*)`/.exec(deleted.stdout) ?? [];
      assert.equal((await run("sh", ["-c", restore], project.dir)).code, 0);
      await project.must("up", ...stack);
      assert.equal(await servedVersion(), "1");
      assert.deepEqual((await told()).drift, []);
    } finally {
      fs.rmSync(backup, { force: true });
    }
  });

  it("rolls back to no version of a registry that is gone", async () => {
    await project.must("pin", "2", ...stack);
    await project.must("up", ...stack);
    const { code, stdout } = await atTerminal("staging\n", "destroy", "--delete-data");
    assert.equal(code, 0, stdout);
    const pinned = fs.readFileSync(stackFile(), "utf8");
    const result = await project.tollgate(["rollback", ...stack]);
    assert.equal(result.code, 1, printed(result));
    assert.match(result.stderr, /^staging has no registry any more .* The pin stays as it was\.$/m);
    assert.equal(fs.readFileSync(stackFile(), "utf8"), pinned);
    assert.deepEqual(processesOf(project.stateDir("staging")), []);

    // Nor once a new registry is there, which has none of them: it has to be started before it can be asked.
    await project.must("pin", "--none", ...stack);
    await project.must("up", ...stack);
    fs.writeFileSync(stackFile(), pinned);
    await project.must("stop", ...stack);
    const refused = await project.tollgate(["rollback", ...stack]);
    assert.equal(refused.code, 2, printed(refused));
    assert.equal(fs.readFileSync(stackFile(), "utf8"), pinned);
  });

  /** Runs a command on a pseudo-terminal of its own and types something. */
  function atTerminal(typed: string, ...words: string[]): Promise<CommandResult> {
    const command = [process.execPath, path.join(root, "toolchain", "tollgate.cjs"), ...words];
    const line = [...command, ...stack].map((word) => `'${word}'`).join(" ");
    return run("script", ["--quiet", "--return", "--command", line, "/dev/null"], project.dir, {
      input: typed,
    });
  }
});

function modelFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\/model\.(skops|pkl)$/.test(file))
    .map((file) => path.join(folder, file));
}
