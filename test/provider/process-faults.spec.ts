// What goes wrong around kept processes, each fault really caused.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeFileWhole } from "../../processes/folder";
import { startOf } from "../../processes/identity";
import { lifeOf } from "../../processes/inspect";
import type { ProcessInputs, ProcessOutputs } from "../../processes/process";
import { processType } from "../../provider/types/process";
import { refusal, root, Stage, stranger, until } from "../runtimes/local/support";
import { testPython } from "../support/mlflow";

/** Listens only after a second, so that a command can be interrupted while it waits. */
const SLOW = `setTimeout(() => require("http").createServer((_, r) => r.end("ok"))
  .listen(process.argv[1], "127.0.0.1"), 1000)`;

describe("processType, faults", function () {
  this.timeout(60_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = new Stage(await testPython());
  });
  afterEach(() => stage.clear());

  async function create(inputs: ProcessInputs): Promise<ProcessOutputs> {
    return (await processType.create(inputs)).outputs;
  }
  const running = (code: string) => [process.execPath, "-e", code, "{port}"];

  /** `create` in a command of its own. */
  function createElsewhere(inputs: ProcessInputs): ChildProcess {
    writeFileWhole(stage.path("inputs.json"), JSON.stringify(inputs));
    const script = path.join(root, "test/runtimes/local/create.ts");
    return spawn(process.execPath, ["--import", "tsx", script, stage.path("inputs.json")], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  it("refuses a port that a stranger has, naming the setting and the stranger", async () => {
    const { port, close } = await stranger();
    try {
      const said = await refusal(create(stage.inputs({ port })));
      const program = readFileSync(`/proc/${process.pid}/comm`, "utf8").trim();
      assert.equal(
        said,
        `port ${port} (tollgate:small.port) on 127.0.0.1 is taken by ${program} (pid ${process.pid}); ` +
          `stop it or set another port`,
      );
      assert.equal(lifeOf(stage.stateDir, "small-server").state, "absent");
    } finally {
      await close();
    }
  });

  it("leaves the running process alone when the port it shall move to is taken", async () => {
    const first = await create(stage.inputs());
    const { port, close } = await stranger();
    try {
      const said = await refusal(processType.update("", first, stage.inputs({ port })));
      assert.match(said, /^port \d+ .* is taken by /);
      assert.notEqual(startOf(first.pid), null);
    } finally {
      await close();
    }
  });

  it("chooses another port when a stranger took the one it had while it was dead", async () => {
    const first = await create(stage.inputs());
    await processType.delete("", first);
    const server = spawn(process.execPath, [
      "-e",
      `require("http").createServer().listen(${first.boundPort}, "127.0.0.1", () => console.log("up"))`,
    ]);
    try {
      await once(server.stdout, "data");
      const second = await processType.update("", first, stage.inputs());
      assert.notEqual(second.boundPort, first.boundPort);
    } finally {
      server.kill("SIGKILL");
    }
  });

  it("refuses a process that dies at once, with exit code and the end of its log", async () => {
    const code = `for (let i = 1; i <= 9; i++) console.error("line " + i); process.exit(3)`;
    const said = await refusal(create(stage.inputs({ command: running(code) })));
    assert.match(
      said,
      /^small-server ended before it was healthy: exit code 3 at [^;]+; the end of its log /,
    );
    assert.match(said, /small-server\.log: line 5 \| line 6 \| line 7 \| line 8 \| line 9$/);
  });

  it("refuses a process that is never healthy, and stops it", async () => {
    const health = { kind: "http", path: "/", timeoutSeconds: 0.5 } as const;
    const inputs = stage.inputs({ command: running("setInterval(() => 0, 1000)"), health });
    const said = await refusal(create(inputs));
    assert.match(
      said,
      /^small-server was not healthy within 0\.5 s \(GET .*: connection refused\) and was/,
    );
    assert.match(said, /it wrote nothing of it to its log .*small-server\.log$/);
    // Nothing would ever forget it, and `status` would tell of a dead process for ever.
    assert.equal(lifeOf(stage.stateDir, "small-server").state, "absent");
    assert.equal(existsSync(stage.path("log", "small-server.log")), true);
  });

  it("leaves the questions whether it is healthy out of the end of its log", async () => {
    const health = { kind: "http", path: "/ready", timeoutSeconds: 1.5 } as const;
    const code = `console.log("no room for the model");
      require("http").createServer(({ method, url }, answer) => {
        console.log(JSON.stringify({ method, route: url, code: 503 }));
        answer.writeHead(503).end();
      }).listen(Number(process.argv.at(-1)), "127.0.0.1")`;
    const inputs = stage.inputs({ command: running(code), health });
    const said = await refusal(create(inputs));
    assert.match(said, /\(GET [^)]*\/ready: answered 503\) and was stopped/);
    assert.match(said, /small-server\.log: no room for the model$/);
  });

  it("says what a log in JSON says of errors, without the rest of its lines", async () => {
    const lines = [
      { level: "INFO", message: "fetched" },
      { level: "DEBUG", message: "it failed", trace: "Traceback ..." },
      { level: "ERROR", message: "no such tree\nand where" },
    ].map((line) => JSON.stringify(line));
    const code = `console.log(${JSON.stringify([...lines, "can't be loaded"].join("\n"))})`;
    const said = await refusal(create(stage.inputs({ command: running(code) })));
    assert.match(said, /small-server\.log: no such tree \| can't be loaded$/);
  });

  it("refuses a command that isn't there", async () => {
    const said = await refusal(create(stage.inputs({ command: ["/nowhere/server"] })));
    assert.equal(
      said,
      "cannot start small-server: [Errno 2] No such file or directory: '/nowhere/server'",
    );
  });

  it("refuses a keeper that isn't there", async () => {
    const said = await refusal(create(stage.inputs({ keeper: ["/nowhere/python", "keeper.py"] })));
    assert.match(
      said,
      /^cannot start small-server: spawn \/nowhere\/python ENOENT; check the Python/,
    );
  });

  it("refuses a state folder that can't be written", async () => {
    writeFileSync(stage.path("file"), "");
    const said = await refusal(create(stage.inputs({ stateDir: stage.path("file", "state") })));
    assert.match(
      said,
      /^cannot keep small-server: ENOTDIR: .*; make it writable, then run this again$/,
    );
  });

  it("puts the former process back when the new one fails", async () => {
    const first = await create(stage.inputs());
    await until(() => readFileSync(first.logFile, "utf8") === "up\n");
    const bad = stage.inputs({ command: running("process.exit(4)") });
    const said = await refusal(processType.update("", first, bad));
    assert.match(
      said,
      /^small-server ended before it was healthy: exit code 4 .*; the one before it runs again$/,
    );
    assert.equal(await (await fetch(first.address)).text(), "ok");
    const back = await processType.read("", first);
    assert.equal(back?.status, "running");
  });

  it("never signals a stranger that got the number of a dead process", async () => {
    const first = await create(stage.inputs());
    const other = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"]);
    try {
      await once(other, "spawn");
      process.kill(first.pid, "SIGKILL");
      await until(() => lifeOf(stage.stateDir, first.name).state === "dead");
      const file = stage.path("run", first.name, "pid.json");
      const record = JSON.parse(readFileSync(file, "utf8"));
      record.keeper.pid = other.pid;
      record.child.pid = other.pid;
      writeFileSync(file, JSON.stringify(record));
      assert.equal(lifeOf(stage.stateDir, first.name).state, "dead");
      await processType.delete("", first);
      assert.notEqual(startOf(other.pid ?? 0), null);
      assert.equal(existsSync(file), false);
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("starts one process when two commands create it at once", async () => {
    const inputs = stage.inputs();
    const commands = [createElsewhere(inputs), createElsewhere(inputs)];
    const pids = await Promise.all(
      commands.map(async ({ stdout }) => String((await once(stdout!, "data"))[0]).trim()),
    );
    assert.equal(pids[0], pids[1]);
    assert.equal(String((await create(inputs)).pid), pids[0]);
  });

  it("is adopted by the next command when the one that created it is killed", async () => {
    const inputs = stage.inputs({ command: running(SLOW) });
    const command = createElsewhere(inputs);
    const file = stage.path("run", inputs.name, "pid.json");
    await until(() => existsSync(file));
    command.kill("SIGKILL");
    const { pid } = JSON.parse(readFileSync(file, "utf8")).keeper;
    assert.equal((await create(inputs)).pid, pid);
  });

  it("survives the end and Ctrl-C of the command that created it", async () => {
    const inputs = stage.inputs();
    const command = createElsewhere(inputs);
    const pid = Number(String((await once(command.stdout!, "data"))[0]));
    command.kill("SIGINT");
    await once(command, "exit");
    assert.equal((await create(inputs)).pid, pid);
  });

  it("starts anew over records that a full disk has torn", async () => {
    const inputs = stage.inputs();
    mkdirSync(stage.path("run", inputs.name), { recursive: true });
    writeFileSync(stage.path("run", inputs.name, "pid.json"), '{"keeper": {"pi');
    const outputs = await create(inputs);
    assert.deepEqual(await processType.diff("", outputs, inputs), { changes: false });
  });
});
