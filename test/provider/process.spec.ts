// Real processes of a small server, under the real keeper. The servers Tollgate runs are in runtimes/local/servers.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { isAlive, startOf } from "../../processes/identity";
import { lifeOf } from "../../processes/inspect";
import { haltProcess } from "../../processes/stop";
import type { ProcessInputs, ProcessOutputs } from "../../processes/process";
import { processType } from "../../provider/types/process";
import { recordOf, refusal, Stage, until } from "../runtimes/local/support";
import { testPython } from "../support/mlflow";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("processType", function () {
  this.timeout(60_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = new Stage(await testPython());
  });
  afterEach(() => stage.clear());

  async function create(inputs: ProcessInputs): Promise<ProcessOutputs> {
    return (await processType.create(inputs)).outputs;
  }
  const diff = (olds: ProcessOutputs, news: ProcessInputs = olds) =>
    processType.diff("", olds, news);
  const restartedOf = ({ name }: ProcessOutputs) => {
    const life = lifeOf(stage.stateDir, name);
    return life.state === "running" ? life.restarted : null;
  };
  const answer = async (outputs: ProcessOutputs) => (await fetch(outputs.address)).text();

  it("starts a process that answers at its address, with a log", async () => {
    const outputs = await create(stage.inputs());
    assert.equal(await answer(outputs), "ok");
    assert.equal(outputs.address, `http://127.0.0.1:${outputs.boundPort}`);
    assert.equal(outputs.status, "running");
    assert.notEqual(startOf(outputs.pid), null);
    await until(() => readFileSync(outputs.logFile, "utf8") === "up\n");
  });

  it("sees nothing to do for a healthy process", async () => {
    const outputs = await create(stage.inputs());
    assert.deepEqual(await diff(outputs), { changes: false });
  });

  it("adopts a process that runs as asked, and starts no second one", async () => {
    const inputs = stage.inputs();
    const first = await create(inputs);
    assert.deepEqual(await create(inputs), first);
  });

  it("stops a process of its name that was started from something else", async () => {
    const first = await create(stage.inputs());
    const second = await create(stage.inputs({ environment: { A: "1" } }));
    assert.equal(startOf(first.pid), null);
    assert.notEqual(second.pid, first.pid);
    assert.equal(await answer(second), "ok");
  });

  it("fills in its ports, writes its files and leaves files that others change", async () => {
    const file = stage.path("etc", "a.conf");
    const secret = stage.path("secrets", "b.conf");
    const inputs = stage.inputs({
      files: { [file]: "port={port} admin={port:admin}", [secret]: "{port:admin}" },
      initialFiles: { [stage.path("etc", "route")]: "closed" },
      environment: { ADMIN: "{port:admin}" },
    });
    const outputs = await create(inputs);
    const admin = outputs.ports["admin"] ?? 0;
    assert.ok(admin > 0 && admin !== outputs.boundPort);
    assert.equal(readFileSync(file, "utf8"), `port=${outputs.boundPort} admin=${admin}`);
    assert.equal(statSync(file).mode & 0o777, 0o644);
    assert.equal(statSync(secret).mode & 0o777, 0o600);
    assert.equal(statSync(stage.path("secrets")).mode & 0o777, 0o700);
    writeFileSync(stage.path("etc", "route"), "open");
    const again = await processType.update("", outputs, { ...inputs, environment: {} });
    assert.equal(readFileSync(stage.path("etc", "route"), "utf8"), "open");
    assert.deepEqual(again.ports, outputs.ports);
    assert.equal(again.boundPort, outputs.boundPort);
  });

  it("passes a token on to the process alone: it is in no file and no other environment", async () => {
    const token = "token-that-must-not-be-recorded";
    process.env["TEST_TOKEN"] = token;
    try {
      const server = `require("http").createServer((_, r) => r.end(process.env.TOKEN ?? ""))
        .listen(process.argv[1], "127.0.0.1")`;
      const outputs = await create(
        stage.inputs({
          command: [process.execPath, "-e", server, "{port}"],
          passEnvironment: { TOKEN: "TEST_TOKEN", ABSENT: "TEST_ABSENT" },
        }),
      );
      assert.equal(await answer(outputs), token);
      for (const file of ["spec.json", "pid.json"]) {
        const text = readFileSync(stage.path("run", outputs.name, file), "utf8");
        assert.ok(!text.includes(token), `${file} has the token`);
      }
      assert.ok(!JSON.stringify(outputs).includes(token));
    } finally {
      delete process.env["TEST_TOKEN"];
    }
  });

  it("plans a change for changed inputs and for values not known yet", async () => {
    const outputs = await create(stage.inputs());
    const changed: Partial<ProcessInputs>[] = [
      { command: ["other"] },
      { environment: { A: "1" } },
      { environment: { A: UNKNOWN } },
      { restartOn: { password: "fingerprint" } },
      { files: { "/etc/a": "b" } },
      { port: 4242 },
      { deleteData: true },
    ];
    for (const change of changed) {
      assert.deepEqual(await diff(outputs, { ...outputs, ...change }), { changes: true });
    }
  });

  it("replaces a process of another name, the old one first", async () => {
    const outputs = await create(stage.inputs());
    assert.deepEqual(await diff(outputs, { ...outputs, name: "other" }), {
      changes: true,
      replaces: ["name"],
      deleteBeforeReplace: true,
    });
  });

  it("takes over settings that don't concern the process without a restart", async () => {
    const outputs = await create(stage.inputs());
    const updated = await processType.update("", outputs, stage.inputs({ warmSeconds: 3 }));
    assert.equal(updated.pid, outputs.pid);
    assert.equal(updated.warmSeconds, 3);
    assert.deepEqual(await diff(updated, stage.inputs({ warmSeconds: 3 })), { changes: false });
  });

  it("tells of a process that was killed with its keeper and starts it again on its port", async () => {
    const outputs = await create(stage.inputs());
    const { child } = recordOf(outputs);
    process.kill(outputs.pid, "SIGKILL");
    // The kernel ends the one a moment after the other.
    await until(() => startOf(child.pid) === null);
    const seen = await processType.read("", outputs);
    assert.match(seen?.status ?? "", /^dead \(killed together with its keeper/);
    assert.equal(seen?.pid, 0);
    assert.deepEqual(await diff(outputs), { changes: true });
    const again = await processType.update("", outputs, stage.inputs());
    assert.equal(again.boundPort, outputs.boundPort);
    assert.equal(await answer(again), "ok");
    assert.deepEqual(await diff(again), { changes: false });
  });

  it("comes back on its port where something holds that a moment longer", async () => {
    const outputs = await create(stage.inputs());
    const { child } = recordOf(outputs);
    process.kill(outputs.pid, "SIGKILL");
    await until(() => startOf(child.pid) === null);
    const holder = createServer();
    await new Promise<void>((listening) =>
      holder.listen(outputs.boundPort, "127.0.0.1", listening),
    );
    setTimeout(() => holder.close(), 500);
    const again = await processType.update("", outputs, stage.inputs());
    assert.equal(again.boundPort, outputs.boundPort);
  });

  it("tells with which exit code a process ended", async () => {
    const server = `require("http").createServer((q, r) => { r.end("ok"); if (q.url === "/end") process.exit(137); })
      .listen(process.argv[1], "127.0.0.1")`;
    const command = [process.execPath, "-e", server, "{port}"];
    const outputs = await create(stage.inputs({ command }));
    await fetch(`${outputs.address}/end`).catch(() => undefined);
    await until(() => restartedOf(outputs) !== null);
    assert.equal(restartedOf(outputs)?.lastExit, "exit code 137");
  });

  it("tells of a process that lives but doesn't answer well, and restarts it", async () => {
    const flag = stage.path("broken");
    const server = `require("http").createServer((_, r) => {
      r.statusCode = require("fs").existsSync(${JSON.stringify(flag)}) ? 503 : 200; r.end();
    }).listen(process.argv[1], "127.0.0.1")`;
    const command = [process.execPath, "-e", server, "{port}"];
    const inputs = stage.inputs({
      command,
      health: { kind: "http", path: "/h", timeoutSeconds: 1 },
    });
    const outputs = await create(inputs);
    writeFileSync(flag, "");
    const status = `unhealthy (GET ${outputs.address}/h: answered 503)`;
    assert.equal((await processType.read("", outputs))?.status, status);
    assert.deepEqual(await diff(outputs), { changes: true });
    const failure = await refusal(processType.update("", outputs, inputs));
    assert.match(failure, /^small-server was not healthy within 1 s \(GET .*answered 503\)/);
    assert.equal(lifeOf(stage.stateDir, outputs.name).state, "dead");
  });

  it("tells a process that was stopped from one that died, and starts it again on its port", async () => {
    const outputs = await create(stage.inputs());
    await haltProcess(stage.stateDir, outputs.name);
    assert.equal((await processType.read("", outputs))?.status, "stopped");
    assert.deepEqual(await diff(outputs), { changes: true });
    const again = await processType.update("", outputs, stage.inputs());
    assert.equal(again.boundPort, outputs.boundPort);
    process.kill(again.pid, "SIGKILL");
    await until(() => lifeOf(stage.stateDir, outputs.name).state === "dead");
  });

  it("is gone for read when nothing of it is left", async () => {
    const outputs = await create(stage.inputs());
    await processType.delete("", outputs);
    assert.equal(await processType.read("", outputs), null);
  });

  it("deletes its process and records, keeps its data, and does so twice", async () => {
    const data = stage.path("data", "small");
    const inputs = stage.inputs({ dataPaths: [data], files: { [`${data}/rows`]: "1" } });
    const outputs = await create(inputs);
    await processType.delete("", outputs);
    await processType.delete("", outputs);
    assert.equal(startOf(outputs.pid), null);
    assert.equal(existsSync(stage.path("run", outputs.name)), false);
    assert.equal(existsSync(data), true);
    await processType.delete("", { ...outputs, deleteData: true });
    assert.equal(existsSync(data), false);
  });

  it("refuses to delete data outside the stack's folder", async () => {
    const inputs = stage.inputs({ dataPaths: ["/etc", stage.path("..", "x"), stage.path("data")] });
    const { failures } = await processType.check(null, inputs);
    assert.deepEqual(
      failures.map(({ property, reason }) => [property, reason.split(";")[0]]),
      [
        ["dataPaths", `"/etc" is not inside ${stage.stateDir}`],
        ["dataPaths", `"${stage.path("..", "x")}" is not inside ${stage.stateDir}`],
      ],
    );
  });

  it("stays for its warm period when retired, and not at all when it is dead", async () => {
    const outputs = await create(stage.inputs({ warmSeconds: 3 }));
    const record = lifeOf(stage.stateDir, outputs.name);
    assert.equal(record.state, "running");
    const start = performance.now();
    const deleted = processType.delete("", outputs);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(await answer(outputs), "ok");
    await deleted;
    assert.ok(performance.now() - start >= 3000);
    assert.ok(record.state === "running" && !isAlive(record.record.keeper));
    const again = performance.now();
    await processType.delete("", outputs);
    assert.ok(performance.now() - again < 2500);
  });

  it("kills a process that ignores the polite signal, after its time", async () => {
    const server = `process.on("SIGTERM", () => console.log("no"));
      require("http").createServer((_, r) => r.end("ok")).listen(process.argv[1], "127.0.0.1")`;
    const command = [process.execPath, "-e", server, "{port}"];
    const outputs = await create(stage.inputs({ command, stopTimeoutSeconds: 0.5 }));
    await processType.delete("", outputs);
    assert.equal(startOf(outputs.pid), null);
    assert.equal(readFileSync(outputs.logFile, "utf8"), "no\n");
  });
});
