// An `up` that has nothing to do starts no engine, and says what an engine would. Whatever may be something to do starts it,
// and is put right or judged. One environment, in order; SQLite and a folder keep it quick.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { recordOf } from "../runtimes/local/support";
import { type CommandResult, TestProject } from "../support/project";

const minutes = (n: number) => n * 60_000;

describe("an up that has nothing to do", function () {
  this.timeout(minutes(4));
  let project: TestProject;
  const stack = ["--stack", "dev"];
  const file = (...names: string[]) => path.join(project.dir, ...names);
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;
  const state = () => file(".pulumi", "stacks", "churn", "dev.json");
  const locks = () => file(".pulumi", "locks", "organization", "churn", "dev");
  /** How often the engine has ended an update: it writes two files each time. */
  const updates = () => fs.readdirSync(file(".pulumi", "history", "churn", "dev")).length / 2;
  const up = (...more: string[]) => project.must("up", ...stack, ...more);
  const served = () => project.servedVersion("dev");
  const version = { name: "churn-model", version: "1" };

  /** This `up` starts no engine. */
  async function startsNone(): Promise<CommandResult> {
    const before = updates();
    const result = await up();
    assert.equal(updates(), before, `the engine was started\n${printed(result)}`);
    return result;
  }

  /** This `up` runs the engine, once, and afterwards there is nothing left to do. */
  async function startsIt(): Promise<CommandResult> {
    const before = updates();
    const result = await up();
    assert.equal(updates(), before + 1, `the engine was not started\n${printed(result)}`);
    assert.equal(await served(), "1");
    assert.match((await startsNone()).stdout, /no changes/);
    return result;
  }

  before(async function () {
    this.timeout(minutes(8));
    project = await TestProject.create("churn", ["dev"], (config) => {
      config["tollgate:release"] = { watchSeconds: 0, warmSeconds: 0 };
      // A gate that stops, also in dev.
      config["tollgate:gates"] = { "evidence-present": { level: "mandatory" } };
    });
    await up();
    assert.match((await startsNone()).stdout, /^dev has its registry and pins no version yet\.$/m);
    await project.must("train", ...stack);
    await project.must("evaluate", ...stack);
    await project.must("pin", "1", ...stack);
    await up();
  });
  after(() => project.dispose());

  it("says without the engine what it says with it", async () => {
    const before = updates();
    const documentOf = async (...more: string[]) => {
      const { seconds, ...document } = JSON.parse((await up("--json", ...more)).stdout) as {
        seconds: number;
        changes: unknown[];
      };
      return document;
    };
    const without = await documentOf();
    assert.equal(updates(), before);
    assert.deepEqual(without, await documentOf("--verbose"));
    assert.equal(updates(), before + 1);
    assert.deepEqual(without.changes, []);
    assert.match((await startsNone()).stdout, /^dev serves churn-model version 1 .*no changes/ms);
  });

  it("is previewed without the engine as with it", async () => {
    const log = path.join(project.stateDir("dev"), "log", "last-preview.log");
    const documentOf = async (...more: string[]) => {
      fs.rmSync(log, { force: true });
      const { stdout } = await project.must("preview", ...stack, "--json", ...more);
      return JSON.parse(stdout) as { violations: unknown[] };
    };
    const without = await documentOf();
    assert.equal(fs.existsSync(log), false, "the engine was started");
    assert.deepEqual(without, await documentOf("--verbose"));
    assert.equal(fs.existsSync(log), true);
    // Gates that only advise in dev have something to say here.
    assert.notEqual(without.violations.length, 0);
  });

  it("is previewed by the engine once a setting has changed", async () => {
    const log = path.join(project.stateDir("dev"), "log", "last-preview.log");
    fs.rmSync(log, { force: true });
    const stackFile = file("Pulumi.dev.yaml");
    const before = fs.readFileSync(stackFile);
    project.configure("dev", (config) => {
      (config["tollgate:release"] as Record<string, unknown>)["watchSeconds"] = 2;
    });
    try {
      assert.match((await project.must("preview", ...stack)).stdout, /1 to update/);
      assert.equal(fs.existsSync(log), true);
    } finally {
      fs.writeFileSync(stackFile, before);
    }
  });

  it("starts it for a changed setting", async () => {
    project.configure("dev", (config) => {
      (config["tollgate:release"] as Record<string, unknown>)["watchSeconds"] = 1;
    });
    assert.match((await startsIt()).stdout, /1 updated/);
  });

  it("starts it for a changed Pulumi.yaml", async () => {
    fs.appendFileSync(file("Pulumi.yaml"), "# another word\n");
    assert.match((await startsIt()).stdout, /no changes/);
  });

  it("starts it for a killed scorer, and callers are served again", async () => {
    const stateDir = project.stateDir("dev");
    const [name = ""] = fs
      .readdirSync(path.join(stateDir, "run"))
      .filter((each) => /^scorer/.test(each));
    const { keeper, child } = recordOf({ stateDir, name });
    for (const { pid } of [keeper, child]) process.kill(pid, "SIGKILL");
    assert.match((await startsIt()).stdout, /1 updated/);
  });

  it("starts it for an alias that was moved by hand, and puts it back", async () => {
    const alias = "/api/2.0/mlflow/registered-models/alias";
    const removed = await project.askRegistry("dev", `${alias}?name=churn-model&alias=dev`);
    assert.equal(removed.status, 200, "the alias isn't where this test looks for it");
    // Without a second version, the alias can only be taken away.
    const { tracking } = project.ports["dev"]!;
    await fetch(`http://127.0.0.1:${tracking}${alias}`, {
      method: "DELETE",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "churn-model", alias: "dev" }),
    });
    assert.match((await startsIt()).stdout, /1 updated/);
  });

  it("starts it for a state file that was restored by hand", async () => {
    fs.copyFileSync(`${state()}.bak`, state());
    assert.match((await startsIt()).stdout, /no changes/);
  });

  it("starts it after plain pulumi was at work", async () => {
    const plain = await project.pulumi(["up", "--yes", "--skip-preview", ...stack]);
    assert.equal(plain.code, 0, printed(plain));
    assert.match((await startsIt()).stdout, /no changes/);
  });

  it("starts it after a run that was killed before it had changed anything", async () => {
    let engine = 0;
    const killed = await project.tollgate(["up", "--verbose", ...stack], {
      onSpawn(child) {
        const looking = setInterval(() => {
          try {
            engine = Number(execFileSync("pgrep", ["-P", String(child.pid), "pulumi"]).toString());
          } catch {
            return;
          }
          clearInterval(looking);
          child.kill("SIGKILL");
          process.kill(engine, "SIGKILL");
        }, 20);
        child.on("close", () => clearInterval(looking));
      },
    });
    assert.equal(killed.code, 137, printed(killed));
    assert.notEqual(engine, 0);
    assert.match((await startsIt()).stdout, /no changes/);
  });

  it("starts it while another host's run holds the lock, and refuses", async () => {
    const lock = path.join(locks(), "11111111-1111-4111-8111-111111111111.json");
    const holder = {
      pid: 1,
      username: "ana",
      hostname: "elsewhere",
      timestamp: "2026-11-21T09:20:21Z",
    };
    fs.mkdirSync(locks(), { recursive: true });
    fs.writeFileSync(lock, JSON.stringify(holder));
    try {
      const result = await project.tollgate(["up", ...stack]);
      assert.equal(result.code, 1, printed(result));
      assert.match(result.stderr, /^Stack dev is being changed by ana on elsewhere \(pid 1\)/m);
    } finally {
      fs.rmSync(lock);
    }
    await startsIt();
  });

  it("judges the pin anew, and refuses when its evidence in the registry is another", async () => {
    const versions = "/api/2.0/mlflow/model-versions";
    const tag = async () => {
      const answer = await project.askRegistry("dev", `${versions}/get?name=churn-model&version=1`);
      type Found = { model_version: { tags: { key: string; value: string }[] } };
      const { tags } = ((await answer.json()) as Found).model_version;
      return tags.find(({ key }) => key === "tollgate.evidence")!;
    };
    const { key, value } = await tag();
    const write = (text: string) =>
      project.askRegistry("dev", `${versions}/set-tag`, { ...version, key, value: text });
    await write(`sha256:${"0".repeat(64)}`);
    const before = updates();
    try {
      const result = await project.tollgate(["up", ...stack]);
      assert.equal(result.code, 2, printed(result));
      assert.match(result.stdout, /evidence-present +refused/);
      assert.equal(updates(), before);
    } finally {
      await write(value);
    }
    assert.match((await startsNone()).stdout, /no changes/);
  });

  it("starts it after the servers were stopped", async () => {
    await project.must("stop", ...stack);
    assert.match((await startsIt()).stdout, /\d updated/);
  });
});
