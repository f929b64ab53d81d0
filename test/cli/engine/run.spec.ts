import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../../../cli/context";
import { exportState, runEngine } from "../../../cli/engine/run";
import { causesOf } from "../../../cli/engine/sentences";
import { engineProject, type EngineProject } from "../support/engine-project";

// The real engine with a provider that does nothing: what our own resources do is not proved here.

describe("runEngine", function () {
  this.timeout(120_000);
  let project: EngineProject;
  before(() => (project = engineProject()));
  after(() => project.remove());

  const up = async () => runEngine(project.context, await project.context.settings(), "up");
  const names = () => (project.state().resources ?? []).map(({ urn }) => urn.split("::").at(-1));
  const pending = () => (project.state().pending_operations ?? []).map(({ type }) => type);

  /** The command itself, so that it can be interrupted and killed. */
  function tollgate(...words: string[]): ChildProcess & { ended: Promise<number | null> } {
    const command = [join(root, "toolchain", "tollgate.cjs"), ...words];
    const child = spawn(process.execPath, command, { cwd: project.dir, stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return Object.assign(child, { ended });
  }

  /** Waits until the engine has begun to change something. */
  async function underWay(): Promise<void> {
    for (let tries = 0; tries < 1200 && pending().length === 0; tries++) await sleep(50);
    assert.notDeepEqual(pending(), []);
  }

  const engineOf = (pid: number | undefined) =>
    Number(execFileSync("pgrep", ["-P", String(pid), "pulumi"], { encoding: "utf8" }));

  it("makes the stack on first use and leaves its settings file as it was", async () => {
    const file = join(project.dir, "Pulumi.dev.yaml");
    const before = readFileSync(file, "utf8");
    assert.equal(await exportState(project.context, await project.context.settings()), null);
    const report = await up();
    assert.equal(report.succeeded, true);
    assert.equal(report.outputs.url, "http://thing");
    assert.equal(readFileSync(file, "utf8"), before);
    assert.match(project.said(), /^\+ created {2}thing a$/m);
    assert.deepEqual(names(), ["demo-dev", "default", "a", "b"]);
  });

  it("changes nothing the second time and keeps one log", async () => {
    const { changes } = await up();
    assert.deepEqual(changes, { same: 3 });
    const logs = readdirSync(join(project.dir, ".tollgate", "dev", "log"));
    assert.deepEqual(logs, ["last-up.log"]);
  });

  it("reads a state beside which an engine that was killed left an empty file", async () => {
    // Empty for a moment at each writing, which no test meets on purpose.
    const sidecar = join(project.dir, "state", ".pulumi", "stacks", "demo", "dev.json.attrs");
    assert.equal(existsSync(sidecar), true);
    writeFileSync(sidecar, "");
    assert.deepEqual((await up()).changes, { same: 3 });
  });

  it("previews with the properties that differ", async () => {
    project.set({ v: "2" });
    const report = await runEngine(project.context, await project.context.settings(), "preview");
    const changed = [...report.steps.values()].filter(({ operation }) => operation === "update");
    assert.deepEqual(
      changed.map(({ name, properties, state }) => [name, properties, state]),
      [
        ["a", ["v"], "planned"],
        ["b", ["v"], "planned"],
      ],
    );
  });

  it("tells a refresh's findings by the outputs", async () => {
    const report = await runEngine(project.context, await project.context.settings(), "refresh");
    const found = [...report.steps.values()].find(({ name }) => name === "a")?.found;
    assert.deepEqual(found, [{ property: "seen", from: undefined, to: "now" }]);
  });

  for (const [fail, sentence] of [
    ["act", "a: port 5001 is taken by nginx (pid 123); stop it"],
    ["check", "a: metric-floor: too low. Train again."],
  ] as const) {
    it(`reports a failed ${fail} as one sentence`, async () => {
      project.set({ v: `fails-${fail}`, fail });
      const report = await up();
      assert.deepEqual([report.succeeded, causesOf(report)], [false, [sentence]]);
    });
  }

  it("refuses to run beside another run, and names it", async () => {
    project.set({ v: "slow", seconds: "6" });
    const first = tollgate("up", "-s", "dev");
    await underWay();
    await assert.rejects(up(), {
      code: "locked",
      message: /^Stack dev is being changed by \S+ \(pid \d+\) since \S+Z: wait until that is done/,
    });
    assert.equal(await first.ended, 0);
  });

  /** Leaves a lock as an engine writes it. */
  function leaveLock(username: string, host: string, pid: number): void {
    const folder = join(project.dir, "state", ".pulumi", "locks", "organization", "demo", "dev");
    mkdirSync(folder, { recursive: true });
    const lock = { pid, username, hostname: host, timestamp: "2026-11-21T09:20:21Z" };
    writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(lock));
  }

  it("clears the lock of a dead run whose user's name holds an @", async () => {
    project.set({ v: "after a lock" });
    const ended = spawnSync(process.execPath, ["-e", ""]);
    leaveLock("ada@example.com", hostname(), ended.pid);
    assert.equal((await up()).succeeded, true);
  });

  it("names the way past a lock of another host, and that way works", async () => {
    project.set({ v: "after another host's lock" });
    leaveLock("runner@ci", "runner-7", process.pid);
    const error = (await up().catch((error: unknown) => error)) as Error;
    assert.match(error.message, /^Stack dev is being changed by runner@ci on runner-7 \(pid \d+\)/);
    const [, words = ""] = /`tollgate (.*?)`/.exec(error.message) ?? [];
    assert.equal(await tollgate(...words.split(" ")).ended, 0);
    assert.equal((await up()).succeeded, true);
  });

  it("stops at Ctrl-C after what is under way, with exit code 130 and nothing left over", async () => {
    project.set({ v: "interrupted", seconds: "3" });
    const child = tollgate("up", "-s", "dev");
    await underWay();
    const engine = engineOf(child.pid);
    child.kill("SIGINT");
    assert.equal(await child.ended, 130);
    assert.deepEqual(pending(), []);
    assert.throws(() => process.kill(engine, 0), { code: "ESRCH" });
  });

  it("stops at once at a second Ctrl-C", async () => {
    project.set({ v: "interrupted twice", seconds: "60" });
    const child = tollgate("up", "-s", "dev");
    await underWay();
    child.kill("SIGINT");
    await sleep(700);
    child.kill("SIGINT");
    assert.equal(await child.ended, 130);
    project.set({ v: "after" });
    assert.equal((await up()).succeeded, true);
  });

  it("goes on after the command and the engine were killed, and settles what was under way", async () => {
    project.set({ v: "after", third: "yes", seconds: "60" });
    const child = tollgate("up", "-s", "dev");
    await underWay();
    const engine = engineOf(child.pid);
    child.kill("SIGKILL");
    process.kill(engine, "SIGKILL");
    await child.ended;
    assert.deepEqual(pending(), ["creating"]);
    project.set({ v: "after", third: "yes" });
    assert.equal((await up()).succeeded, true);
    assert.match(
      project.said(),
      new RegExp(`A run that has ended \\(pid ${engine}, since .*\\) left its lock`),
    );
    assert.deepEqual(pending(), []);
    assert.ok(names().includes("third"));
  });

  it("says that the engine was killed", async () => {
    project.set({ v: "killed", seconds: "60" });
    const running = up();
    await underWay();
    process.kill(engineOf(process.pid), "SIGKILL");
    await assert.rejects(running, { code: "engine-killed" });
  });

  it("destroys what is there", async () => {
    project.set({});
    const report = await runEngine(project.context, await project.context.settings(), "destroy");
    assert.equal(report.succeeded, true);
    assert.deepEqual(names(), []);
  });
});
