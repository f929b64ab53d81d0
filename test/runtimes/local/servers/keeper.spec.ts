import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { readText } from "../../../../processes/folder";
import { isAlive, startOf } from "../../../../processes/identity";
import { inspectProcess } from "../../../../processes/inspect";
import { processType } from "../../../../provider/types/process";
import { testPython } from "../../../support/mlflow";
import { recordOf, Stage, until } from "../support";

describe("keeper.py", function () {
  this.timeout(60_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = new Stage(await testPython());
  });
  afterEach(() => stage.clear());

  const listening = (more: string) => [
    process.execPath,
    "-e",
    `require("http").createServer((q, r) => r.end("ok")).listen(process.argv[1], "127.0.0.1"); ${more}`,
    "{port}",
  ];

  it("starts the server in a session of its own, with nothing in its own environment", async () => {
    const inputs = stage.inputs({ environment: { SETTING: "value" } });
    await processType.create(inputs);
    const { keeper, child } = recordOf(inputs);
    assert.equal(readFileSync(`/proc/${keeper.pid}/environ`, "utf8").includes("SETTING"), false);
    assert.equal(
      readFileSync(`/proc/${child.pid}/environ`, "utf8").includes("SETTING=value"),
      true,
    );
    const session = readFileSync(`/proc/${keeper.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    assert.equal(session, String(keeper.pid));
    assert.equal(isAlive(keeper) && isAlive(child), true);
    assert.equal(keeper.start, startOf(keeper.pid));
  });

  it("keeps five log files of 10 MiB at most, the newest lines in the first", async () => {
    const lines = 600_000;
    const write = `const line = "x".repeat(95); let n = 0;
      (function more() { for (; n < ${lines}; n++)
        if (!process.stdout.write(line + String(n).padStart(8) + "\\n")) { n++; return process.stdout.once("drain", more); }
      })()`;
    const { outputs } = await processType.create(stage.inputs({ command: listening(write) }));
    const last = String(lines - 1);
    // Between two of its files there is none of that name for a moment.
    await until(() => readText(outputs.logFile)?.trimEnd().endsWith(last) ?? false);
    const files = readdirSync(stage.path("log")).sort();
    const name = "small-server.log";
    assert.deepEqual(files, [name, ...[1, 2, 3, 4].map((n) => `${name}.${n}`)]);
    for (const file of files) {
      assert.ok(statSync(stage.path("log", file)).size <= 10 * 1024 * 1024);
    }
    assert.equal((await inspectProcess(stage.stateDir, outputs.name)).status, "running");
  });

  it("takes the server with it when it is killed, and the next start sweeps up what that left", async () => {
    const spawned = `require("child_process").spawn("sleep", ["1000"], { stdio: "ignore" })`;
    const command = listening(`console.log("pid " + ${spawned}.pid)`);
    const { outputs } = await processType.create(stage.inputs({ command }));
    await until(() => readFileSync(outputs.logFile, "utf8").startsWith("pid "));
    const grandchild = Number(readFileSync(outputs.logFile, "utf8").slice(4));
    const { keeper, child } = recordOf(outputs);
    process.kill(keeper.pid, "SIGKILL");
    await until(() => !isAlive(child));
    assert.notEqual(startOf(grandchild), null);
    const seen = await processType.read("", outputs);
    assert.match(seen?.status ?? "", /^dead \(killed together with its keeper/);
    const again = await processType.update("", outputs, stage.inputs({ command }));
    assert.equal(startOf(grandchild), null);
    assert.equal(again.boundPort, outputs.boundPort);
    assert.equal((await inspectProcess(stage.stateDir, outputs.name)).status, "running");
  });

  it("ends what the server left behind when the server ends", async () => {
    const command =
      listening(`require("child_process").spawn("sleep", ["1001"], { stdio: "ignore" })
      .once("spawn", function () { console.log("pid " + this.pid); })`);
    const { outputs } = await processType.create(stage.inputs({ command }));
    await until(() => readFileSync(outputs.logFile, "utf8").startsWith("pid "));
    const grandchild = Number(readFileSync(outputs.logFile, "utf8").slice(4));
    process.kill(recordOf(outputs).child.pid, "SIGKILL");
    await until(() => startOf(grandchild) === null);
  });

  it("forwards the stop signal that the server wants", async () => {
    const command = listening(`for (const s of ["SIGTERM", "SIGINT"])
      process.on(s, () => { console.log(s); process.exit(0); })`);
    const { outputs } = await processType.create(stage.inputs({ command, stopSignal: "SIGINT" }));
    await processType.delete("", outputs);
    assert.equal(readFileSync(outputs.logFile, "utf8"), "SIGINT\n");
  });

  it("writes the last words of a server that dies", async () => {
    const command = listening(
      `setTimeout(() => { console.log("last words"); process.exit(5); }, 300)`,
    );
    const { outputs } = await processType.create(stage.inputs({ command }));
    await until(() => existsSync(stage.path("run", outputs.name, "exit.json")));
    assert.match(readFileSync(outputs.logFile, "utf8"), /^last words\n/);
    assert.equal(
      JSON.parse(readFileSync(stage.path("run", outputs.name, "exit.json"), "utf8")).code,
      5,
    );
  });
});
