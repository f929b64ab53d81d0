// What a keeper does when its server ends: really killed servers, under the real keeper.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessOutputs } from "../../../../processes/process";
import { processType } from "../../../../provider/types/process";
import { processStatus } from "../../../../runtimes/local/operate/status";
import { type ExitRecord, readRecord, runFolder } from "../../../../processes/folder";
import { isAlive } from "../../../../processes/identity";
import { lifeOf } from "../../../../processes/inspect";
import { haltProcess } from "../../../../processes/stop";
import { routerProcess } from "../../../../runtimes/local/commands";
import { freePort } from "../../../../processes/ports";
import { type FakeScorer, startFakeScorer } from "../../../support/fake-scorer";
import { digestOf, stagingSettings } from "../../../support/fixtures";
import { testPython } from "../../../support/mlflow";
import { releaseTo } from "../../../support/router";
import { recordOf, refusal, root, Stage, until } from "../support";

describe("a kept process that ends by itself", function () {
  this.timeout(60_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = new Stage(await testPython());
  });
  afterEach(() => stage.clear());

  /** A server that ends with 7 as it starts, as long as the file `ill` is there. */
  async function startedWell(): Promise<{ outputs: ProcessOutputs; ill: string }> {
    const ill = stage.path("ill");
    const code = `if (require("fs").existsSync(${JSON.stringify(ill)})) process.exit(7);
      require("http").createServer((_, r) => r.end("ok")).listen(process.argv[1], "127.0.0.1")`;
    const command = [process.execPath, "-e", code, "{port}"];
    return { outputs: await create({ command }), ill };
  }
  const create = async (change = {}) => (await processType.create(stage.inputs(change))).outputs;
  const kill = (outputs: ProcessOutputs) => process.kill(recordOf(outputs).child.pid, "SIGKILL");
  const answers = async ({ address }: ProcessOutputs) => {
    const answer = await fetch(address).catch(() => null);
    return (await answer?.text()) === "ok";
  };
  const exitOf = ({ name }: ProcessOutputs) =>
    readRecord<ExitRecord>(runFolder(stage.stateDir, name), "exit.json");
  const dead = ({ name }: ProcessOutputs) => {
    const life = lifeOf(stage.stateDir, name);
    return life.state === "dead" ? life.reason : null;
  };
  const statusOf = async ({ name }: ProcessOutputs) =>
    (await processStatus(stage.stateDir)).find((each) => each.name === name);

  it("is started again on its port, which is told and is no drift", async () => {
    const outputs = await create();
    assert.equal((await statusOf(outputs))?.restarted, null);
    for (const count of [1, 2]) {
      const before = recordOf(outputs);
      kill(outputs);
      await until(() => recordOf(outputs).child.pid !== before.child.pid);
      await until(() => answers(outputs));
      assert.deepEqual(recordOf(outputs).keeper, before.keeper);
      assert.deepEqual(await processType.diff("", outputs, outputs), { changes: false });
      assert.deepEqual(await processType.read("", outputs), outputs);
      const status = await statusOf(outputs);
      assert.equal(status?.status, "running");
      assert.equal(status.restarted?.count, count);
      assert.equal(status.restarted.lastExit, "SIGKILL");
      assert.match(status.restarted.at, /^20\d\d-\d\d-\d\dT[\d:]+Z$/);
    }
  });

  it("is adopted by the next up as it runs, and its count begins anew with the next start", async () => {
    const outputs = await create();
    kill(outputs);
    await until(() => answers(outputs));
    assert.deepEqual(await processType.update("", outputs, outputs), outputs);
    assert.equal((await statusOf(outputs))?.restarted?.count, 1);
    const other = await processType.update("", outputs, stage.inputs({ environment: { A: "1" } }));
    assert.equal((await statusOf(other))?.restarted, null);
  });

  it("waits longer each time it ends again, says so, and answers once it can", async () => {
    const { outputs, ill } = await startedWell();
    writeFileSync(ill, "");
    kill(outputs);
    const pauses = new Map<number, number>();
    await until(() => {
      const exit = exitOf(outputs);
      const pause = exit?.again ? Date.parse(exit.again) - Date.parse(exit.at) : 0;
      // None after the one that was well: what comes of that is over before it can be seen.
      if (exit && pause > 0) pauses.set(exit.child, pause);
      return pauses.size === 3;
    });
    assert.deepEqual([...pauses.values()], [1000, 2000, 4000]);
    assert.match(dead(outputs) ?? "", /^exit code 7 at .*; its keeper starts it again at 20.*Z$/);
    assert.deepEqual(await processType.diff("", outputs, outputs), { changes: true });
    assert.equal((await statusOf(outputs))?.healthy, false);
    rmSync(ill);
    await until(() => answers(outputs));
    assert.deepEqual(await processType.diff("", outputs, outputs), { changes: false });
    assert.equal((await statusOf(outputs))?.restarted?.lastExit, "exit code 7");
  });

  it("is started at once by an up that comes in a pause", async () => {
    const { outputs, ill } = await startedWell();
    writeFileSync(ill, "");
    kill(outputs);
    await until(() => exitOf(outputs)?.code === 7);
    const { keeper } = recordOf(outputs);
    rmSync(ill);
    const again = await processType.update("", outputs, outputs);
    assert.equal(await answers(again), true);
    assert.equal(isAlive(keeper), false);
    assert.equal(again.boundPort, outputs.boundPort);
  });

  for (const [moment, end] of [
    ["while it runs", haltProcess],
    [
      "for good",
      (_: string, name: string) =>
        processType.delete("", { ...stage.inputs(), name } as ProcessOutputs),
    ],
  ] as const) {
    it(`stays away when it was stopped ${moment}`, async () => {
      const outputs = await create();
      const { keeper, child } = recordOf(outputs);
      await end(stage.stateDir, outputs.name);
      assert.equal(isAlive(keeper) || isAlive(child), false);
      assert.equal(await answers(outputs), false);
      assert.equal(exitOf(outputs)?.again, undefined);
    });
  }

  it("stays away when it was stopped in a pause", async () => {
    const { outputs, ill } = await startedWell();
    writeFileSync(ill, "");
    kill(outputs);
    await until(() => exitOf(outputs)?.code === 7);
    const { keeper } = recordOf(outputs);
    await haltProcess(stage.stateDir, outputs.name);
    assert.equal(isAlive(keeper), false);
    rmSync(ill);
    await sleep(1500);
    assert.equal(await answers(outputs), false);
  });

  it("stays away when it is killed while it takes its time to stop", async () => {
    const code = `process.on("SIGTERM", () => console.log("heard"));
      require("http").createServer((_, r) => r.end("ok")).listen(process.argv[1], "127.0.0.1")`;
    const outputs = await create({
      command: [process.execPath, "-e", code, "{port}"],
      stopTimeoutSeconds: 30,
    });
    const { keeper, child } = recordOf(outputs);
    const stopped = haltProcess(stage.stateDir, outputs.name);
    await until(() => readFileSync(outputs.logFile, "utf8").includes("heard"));
    process.kill(child.pid, "SIGKILL");
    await stopped;
    assert.equal(isAlive(keeper), false);
    assert.equal(await answers(outputs), false);
  });

  it("isn't started again when it was never healthy: that fails, with the reason", async () => {
    const { outputs, ill } = await startedWell();
    writeFileSync(ill, "");
    const said = await refusal(
      processType.update("", outputs, { ...outputs, environment: { A: "1" } }),
    );
    assert.match(said, /^small-server ended before it was healthy: exit code 7 at /);
    assert.equal(exitOf(outputs)?.again, undefined);
    await until(() => !isAlive(recordOf(outputs).keeper));
    assert.equal(existsSync(stage.path("run", outputs.name, "healthy")), false);
  });

  it("tells why it can't be started again, and does it once that is mended", async () => {
    const program = stage.path("server");
    const code = `#!${process.execPath}\nrequire("http").createServer((_, r) => r.end("ok")).listen(process.argv[2], "127.0.0.1")`;
    writeFileSync(program, code, { mode: 0o700 });
    const outputs = await create({ command: [program, "{port}"] });
    rmSync(program);
    kill(outputs);
    await until(() => /^it couldn't be started: .*No such file/.test(dead(outputs) ?? ""));
    writeFileSync(program, code, { mode: 0o700 });
    await until(() => answers(outputs));
    assert.equal((await statusOf(outputs))?.restarted?.count, 1);
  });
});

describe("a killed router", function () {
  this.timeout(120_000);
  let stage: Stage;
  let scorer: FakeScorer | undefined;

  beforeEach(async () => {
    stage = new Stage(await testPython());
  });
  afterEach(async () => {
    await stage.clear();
    await scorer?.stop();
  });

  it("sends callers to the version it had, without any command", async () => {
    const { stateDir, python } = stage;
    const base = stagingSettings({ stateDir });
    const settings = {
      ...base,
      scorer: { ...base.scorer, port: await freePort("127.0.0.1") },
    };
    const declared = routerProcess(settings, { root, python });
    const { outputs } = await processType.create(stage.of(declared));
    const url = `http://${outputs.address}`;
    const [version, digest] = ["1", digestOf("1")];
    scorer = await startFakeScorer({ model: settings.model, version, digest });
    await releaseTo({ stateDir, url }, version, [scorer.url], { maxP95Ms: 5000 });
    const served = async () => {
      const answer = await fetch(`${url}/health`).catch(() => null);
      return (
        answer?.status === 200 && ((await answer.json()) as { version: string }).version === "1"
      );
    };
    assert.equal(await served(), true);
    const before = recordOf(outputs).child;
    process.kill(before.pid, "SIGKILL");
    await until(() => recordOf(outputs).child.pid !== before.pid);
    await until(served);
    assert.deepEqual(await processType.diff("", outputs, outputs), { changes: false });
  });
});
