// Whose a kept process is, by real ones: of a folder that was moved, copied, linked or deleted, and of one that has a port.
// Whether the engine comes to the same is shown in test/engine/places.spec.ts.
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { processType } from "../../provider/types/process";
import { inspectProcess, lifeOf } from "../../processes/inspect";
import { stopProcess } from "../../processes/stop";
import { partingOf, startedElsewhere } from "../../processes/place";
import { pythonEnvironmentDir } from "../../toolchain/python";
import { refusal, root, Stage } from "../runtimes/local/support";

const name = "small-server";
const requirements = path.join(root, "serving", "requirements.lock");
const python = path.join(pythonEnvironmentDir(requirements), "bin", "python");

describe("a kept process and its folder", function () {
  this.timeout(120_000);
  let stage: Stage;
  let base: string;
  let first: string;
  let second: string;

  beforeEach(() => {
    stage = new Stage(python);
    base = mkdtempSync(path.join(realpathSync(tmpdir()), "tollgate-place-"));
    [first, second] = [path.join(base, "a"), path.join(base, "b")];
    mkdirSync(first);
    writeFileSync(path.join(first, "Pulumi.dev.yaml"), "");
  });
  afterEach(async () => {
    for (const project of [first, second]) {
      if (existsSync(project)) await stopProcess(stateDir(project), name);
    }
    rmSync(base, { recursive: true, force: true });
    await stage.clear();
  });

  const stateDir = (project: string, stack = "dev") => path.join(project, ".tollgate", stack);
  const start = async (project = first, change = {}) =>
    (await processType.create(stage.inputs({ stateDir: stateDir(project), ...change }))).outputs;
  const alive = (pid: number) => existsSync(`/proc/${pid}`);

  it("is that of the folder after a move, and is ended there", async () => {
    const { pid } = await start();
    renameSync(first, second);
    assert.equal((await inspectProcess(stateDir(second), name)).status, "running");
    assert.equal(startedElsewhere(stateDir(second)), stateDir(first));
    assert.equal(partingOf(stateDir(first), stateDir(second))?.kind, "moved");
    await stopProcess(stateDir(second), name);
    assert.equal(alive(pid), false);
    assert.equal(existsSync(first), false);
  });

  it("isn't that of a copy, also when the folder was moved after it was copied", async () => {
    const { pid } = await start();
    cpSync(first, second, { recursive: true });
    assert.equal(lifeOf(stateDir(second), name).state, "absent");
    assert.equal(lifeOf(stateDir(first), name).state, "running");
    assert.equal(partingOf(stateDir(first), stateDir(second))?.kind, "elsewhere");
    const moved = path.join(base, "c");
    renameSync(first, moved);
    assert.equal(lifeOf(stateDir(second), name).state, "absent");
    assert.equal(lifeOf(stateDir(moved), name).state, "running");
    await stopProcess(stateDir(second), name);
    assert.equal(alive(pid), true);
    renameSync(moved, first);
  });

  it("is that of the only folder left after a copy whose original is gone", async () => {
    const { pid } = await start();
    cpSync(first, second, { recursive: true });
    rmSync(first, { recursive: true });
    assert.equal(lifeOf(stateDir(second), name).state, "running");
    await stopProcess(stateDir(second), name);
    assert.equal(alive(pid), false);
  });

  it("is the same by a link to the folder", async () => {
    const outputs = await start();
    symlinkSync(first, second);
    assert.equal(lifeOf(stateDir(second), name).state, "running");
    assert.equal(partingOf(stateDir(first), stateDir(second)), null);
    const news = stage.inputs({ stateDir: stateDir(second) });
    assert.deepEqual((await processType.check(outputs, news)).failures, []);
    assert.equal((await processType.diff("", outputs, news)).replaces, undefined);
  });

  it("isn't forgotten when its records are gone, and no folder is made for it", async () => {
    const outputs = await start();
    renameSync(first, second);
    const said = await refusal(processType.delete("", outputs));
    assert.match(
      said,
      new RegExp(`pid ${outputs.pid}\\) of stack dev in ${second}; end it with \`tollgate stop`),
    );
    assert.equal(existsSync(first), false);
    assert.equal(alive(outputs.pid), true);
    await stopProcess(stateDir(second), name);
    await processType.delete("", outputs);
    assert.equal(existsSync(first), false);
  });

  it("is to be ended by its number when its folder was deleted", async () => {
    const outputs = await start();
    rmSync(first, { recursive: true });
    assert.match(
      await refusal(processType.delete("", outputs)),
      new RegExp(`whose folder was deleted; end it with \`kill ${outputs.pid}\``),
    );
    process.kill(outputs.pid);
    while (alive(outputs.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    await processType.delete("", outputs);
  });

  it("is refused for another stack's folder beside it, as long as that has something", async () => {
    const outputs = await start();
    const news = stage.inputs({ stateDir: stateDir(first, "qa") });
    const { failures } = await processType.check(outputs, news);
    assert.match(failures.map(({ reason }) => reason).join(), /^Stack qa was named dev /);
    assert.deepEqual((await processType.check(null, news)).failures, []);
    await stopProcess(stateDir(first), name);
    assert.equal(partingOf(stateDir(first), stateDir(first, "qa"))?.kind, "lost");
  });

  it("is named with its stack and folder by whoever wants its port", async () => {
    const { boundPort, pid } = await start();
    const said = await refusal(start(second, { port: boundPort }));
    assert.match(
      said,
      new RegExp(
        `port ${boundPort} .* taken by ${name} \\(pid ${pid}\\) of stack dev in ${first}; end it with \`tollgate stop`,
      ),
    );
    rmSync(path.join(first, "Pulumi.dev.yaml"));
    assert.match(
      await refusal(start(second, { port: boundPort })),
      new RegExp(
        `in ${first}, which has no Pulumi.dev.yaml any more; .*end it with \`kill ${pid}\``,
      ),
    );
  });
});
