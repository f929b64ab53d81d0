// Runs a small program, provider and policy pack with the real engine and our language host. Gets an engine first when
// there is none. Proves nothing about Tollgate's own resources.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureEngine, engineEnvironment, type Engine } from "../../toolchain/engine";
import { writeHost } from "../../toolchain/engine/host";
import { startOf } from "../../toolchain/processes";
import { temporaryFolder } from "./helpers";

const root = path.join(__dirname, "..", "..");

const PROGRAM = `
  const pulumi = require("@pulumi/pulumi");
  class Thing extends pulumi.CustomResource {
    constructor(name, args) { super("thing:index:Thing", name, args); }
  }
  const config = new pulumi.Config();
  if (config.get("fail")) throw new pulumi.RunError("The program refuses.");
  if (config.get("die")) process.exit(3);
  const thing = new Thing("thing", { value: config.require("value"), pidFile: config.get("pidFile") ?? "" });
  if (config.get("hang")) setInterval(() => require("fs").writeFileSync(config.get("hang"), String(process.pid)), 100);
  module.exports = { id: thing.id, stack: pulumi.getStack() };
`;
const PROVIDER = `
  const provider = require("@pulumi/pulumi/provider");
  provider.main({
    version: "1.0.0",
    async check(urn, olds, news) {
      if (news.pidFile) require("fs").writeFileSync(news.pidFile, String(process.pid));
      const failures = news.value === "unlikely" ? [{ property: "value", reason: "is unlikely" }] : [];
      return { inputs: news, failures };
    },
    async diff(id, urn, olds, news) { return { changes: olds.value !== news.value }; },
    async create(urn, inputs) { return { id: "id-of-" + inputs.value, outs: inputs }; },
    async update(id, urn, olds, news) { return { outs: news }; },
    async delete() {},
  }, process.argv.slice(2));
`;
const PACK = `
  const { PolicyPack } = require("@pulumi/policy");
  process.chdir(__dirname);
  new PolicyPack("pack", { policies: [{
    name: "no-bad-value", description: "Values are good.", enforcementLevel: "mandatory",
    validateResource: ({ type, props }, report) => {
      if (type === "thing:index:Thing" && props.value === "bad") report("the value is bad");
    },
  }] });
`;
const PLAIN = "runtime: {name: nodejs, options: {typescript: false}}\n";

describe("language host", function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const project = path.join(folder, "project");
  let engine: Engine;
  let environment: Record<string, string>;

  before(async function () {
    this.timeout(30 * 60_000);
    const found = await ensureEngine();
    // Whatever host came with that engine: it is ours that is under test.
    const dir = path.join(folder, "engine");
    mkdirSync(dir);
    copyFileSync(found.binary, path.join(dir, "pulumi"));
    writeHost(dir);
    engine = { ...found, dir, binary: path.join(dir, "pulumi") };
    write(
      "project/Pulumi.yaml",
      `name: small\n${PLAIN}backend: {url: "file://."}\nplugins: {providers: [{name: thing, path: ./provider}]}\n`,
    );
    write(
      "project/package.json",
      '{"name": "small", "version": "1.0.0", "main": "program.js", "dependencies": {"@pulumi/pulumi": "*"}}',
    );
    write("project/program.js", PROGRAM);
    write("project/provider/PulumiPlugin.yaml", PLAIN);
    write(
      "project/provider/package.json",
      '{"name": "thing", "version": "1.0.0", "main": "provider.js"}',
    );
    write("project/provider/provider.js", PROVIDER);
    write("project/pack/PulumiPolicy.yaml", PLAIN);
    write("project/pack/package.json", '{"name": "pack", "version": "1.0.0", "main": "pack.js"}');
    write("project/pack/pack.js", PACK);
    symlinkSync(path.join(root, "node_modules"), path.join(project, "node_modules"));
    const own = { PULUMI_HOME: path.join(folder, "home"), PULUMI_CONFIG_PASSPHRASE: "of the test" };
    environment = { ...engineEnvironment(engine, project), ...own };
    pulumi(["stack", "init", "one"]);
    pulumi(["config", "set", "value", "good", "-s", "one"]);
  });

  function write(name: string, content: string): void {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  function pulumi(args: string[]) {
    const { status, stdout, stderr } = spawnSync(engine.binary, [...args, "--non-interactive"], {
      cwd: project,
      env: environment,
      encoding: "utf8",
    });
    return { status, output: stdout + stderr };
  }

  /** `pulumi` with some settings for this run only. */
  function withConfig(args: string[], config: Record<string, string>) {
    const settings = Object.entries(config).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const result = pulumi([...args, "-s", "one", "--color", "never", ...settings]);
    for (const key of Object.keys(config)) pulumi(["config", "rm", key, "-s", "one"]);
    pulumi(["config", "set", "value", "good", "-s", "one"]);
    return result;
  }

  it("runs a program with its provider and a policy pack, and gives back its outputs", () => {
    const { status, output } = withConfig(
      ["up", "--yes", "--skip-preview", "--policy-pack", "pack"],
      {},
    );
    assert.equal(status, 0, output);
    assert.match(output, /thing:index:Thing thing created/);
    assert.match(output, /pack@v1\.0\.0/);
    assert.deepEqual(JSON.parse(pulumi(["stack", "output", "--json", "-s", "one"]).output), {
      id: "id-of-good",
      stack: "one",
    });
  });

  it("refuses at preview what the policy pack refuses", () => {
    const { status, output } = withConfig(["preview", "--policy-pack", "pack"], { value: "bad" });
    assert.notEqual(status, 0);
    assert.match(output, /no-bad-value.*\n[^]*the value is bad/);
  });

  it("refuses at preview what the provider's check refuses", () => {
    const { status, output } = withConfig(["preview"], { value: "unlikely" });
    assert.notEqual(status, 0);
    assert.match(output, /is unlikely/);
  });

  it("refuses a program's error with its own sentence, and an unexpected end with its exit code", () => {
    const failed = withConfig(["preview"], { fail: "yes" });
    assert.notEqual(failed.status, 0);
    assert.match(failed.output, /The program refuses\./);
    assert.doesNotMatch(failed.output, /program\.js:\d+/);
    const died = withConfig(["preview"], { die: "yes" });
    assert.notEqual(died.status, 0);
    assert.match(died.output, /The program ended with exit code 3\./);
  });

  it("runs a program by the script that its package.json names, except where it is to be traced", () => {
    const manifest = readFileSync(path.join(project, "package.json"), "utf8");
    const named = { ...(JSON.parse(manifest) as object), tollgate: { runner: "own-runner.cjs" } };
    write("project/package.json", JSON.stringify(named));
    write(
      "project/own-runner.cjs",
      `console.error("by the program's own script"); require("@pulumi/pulumi/cmd/run");`,
    );
    const own = /by the program's own script/;
    try {
      const { status, output } = withConfig(["preview"], {});
      assert.equal(status, 0, output);
      assert.match(output, own);
      // Another file of that folder is another program.
      const projectFile = path.join(project, "Pulumi.yaml");
      const settings = readFileSync(projectFile, "utf8");
      writeFileSync(projectFile, `${settings}main: program.js\n`);
      const other = withConfig(["preview"], {});
      writeFileSync(projectFile, settings);
      assert.equal(other.status, 0, other.output);
      assert.doesNotMatch(other.output, own);
      environment["TRACEPARENT"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
      const traced = withConfig(["preview"], {});
      assert.equal(traced.status, 0, traced.output);
      assert.doesNotMatch(traced.output, own);
    } finally {
      delete environment["TRACEPARENT"];
      write("project/package.json", manifest);
    }
  });

  it("runs a plugin through the SDK's own runner when it doesn't say that it is plain JavaScript", function () {
    this.timeout(120_000);
    write("project/provider/PulumiPlugin.yaml", "runtime: nodejs\n");
    try {
      const { status, output } = withConfig(["preview"], {});
      assert.equal(status, 0, output);
    } finally {
      write("project/provider/PulumiPlugin.yaml", PLAIN);
    }
  });

  it("tells about itself and the program's packages", () => {
    const { output } = pulumi(["about", "--json"]);
    const { runtime, dependencies } = JSON.parse(
      output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1),
    );
    assert.equal(runtime.executable, process.execPath);
    const { version } = JSON.parse(
      readFileSync(path.join(root, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
    );
    assert.deepEqual(dependencies, [{ name: "@pulumi/pulumi", version }]);
  });

  /** An `up` whose program never ends, once program and provider have told their pids. */
  async function startHanging(): Promise<{ engine: ChildProcess; pids: number[] }> {
    const files = ["program.pid", "provider.pid"].map((name) => path.join(folder, name));
    const [program, provider] = files as [string, string];
    const settings = ["-c", `hang=${program}`, "-c", `pidFile=${provider}`];
    const child = spawn(engine.binary, ["preview", "-s", "one", "--non-interactive", ...settings], {
      cwd: project,
      env: environment,
      stdio: "ignore",
    });
    while (!files.every((file) => existsSync(file) && readFileSync(file, "utf8"))) await sleep(50);
    const pids = files.map((file) => Number(readFileSync(file, "utf8")));
    for (const file of files) writeFileSync(file, "");
    return { engine: child, pids };
  }

  async function allGone(pids: number[]): Promise<boolean> {
    for (let tries = 0; tries < 100; tries++) {
      if (pids.every((pid) => startOf(pid) === null)) return true;
      await sleep(100);
    }
    return false;
  }

  it("leaves no process behind when the engine is interrupted", async () => {
    const { engine: child, pids } = await startHanging();
    child.kill("SIGINT");
    await once(child, "exit");
    assert.ok(await allGone(pids));
  });

  it("leaves no process behind when the engine is killed hard", async () => {
    const { engine: child, pids } = await startHanging();
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(await allGone(pids));
  });
});
