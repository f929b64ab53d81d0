// A served environment whose stack is renamed, whose folder is moved or cloned, whose `up` is cut off: callers get the version
// they got, nobody else's registry is asked, and registry and receipts are there afterwards. SQLite and a folder keep it
// quick; places.spec.ts has every kind of move, with a small server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {
  atLine,
  type CommandResult,
  lightRegistry,
  run,
  type RunOptions,
  TestProject,
} from "../support/project";

const root = path.join(__dirname, "..", "..");
const minutes = (n: number) => n * 60_000;
const engineVerbs = ["preview", "up", "refresh", "destroy"] as const;

describe("a served environment that is renamed, moved or cloned", function () {
  this.timeout(minutes(4));
  let project: TestProject;
  /** Folders made by a test. */
  const others: string[] = [];

  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;
  const beside = (name: string) => {
    const folder = `${project.dir}-${name}`;
    others.push(folder);
    return folder;
  };

  /** Runs `tollgate <args>` in a folder, on stack staging unless told otherwise. */
  function inFolder(
    folder: string,
    args: readonly string[],
    { stack = "staging", ...options }: RunOptions & { stack?: string } = {},
  ) {
    const command = [path.join(root, "toolchain", "tollgate.cjs"), ...args, "--stack", stack];
    return run(process.execPath, command, folder, options);
  }

  async function mustIn(folder: string, ...args: string[]): Promise<CommandResult> {
    const result = await inFolder(folder, args);
    assert.equal(result.code, 0, `${args.join(" ")} in ${folder}\n${printed(result)}`);
    return result;
  }

  /** Numbers of the kept processes by name, by the operating system: those that work in a run folder of a stack. */
  function running(folder: string, stack = "staging"): Record<string, number> {
    const below = path.join(folder, ".tollgate", stack, "run");
    const found: Record<string, number> = {};
    for (const name of fs.existsSync(below) ? fs.readdirSync(below) : []) {
      const record = path.join(below, name, "pid.json");
      if (!fs.existsSync(record)) continue;
      const { child } = JSON.parse(fs.readFileSync(record, "utf8")) as { child: { pid: number } };
      if (fs.existsSync(`/proc/${child.pid}`)) found[name] = child.pid;
    }
    return found;
  }

  const served = () => project.servedVersion("staging");

  async function statusIn(folder: string, stack = "staging") {
    const { stdout } = await inFolder(folder, ["status", "--json"], { stack });
    return JSON.parse(stdout) as {
      drift: string[];
      serving: { answer: { version: string } | null; problem: string | null };
      registry: { problem: string | null };
      processes: { name: string }[];
    };
  }

  /** Each verb of the engine ends with 1 and this sentence alone, and touches nothing that runs. */
  async function refusesAll(folder: string, stack: string, sentence: RegExp, home: string) {
    const before = running(home, "staging");
    for (const verb of engineVerbs) {
      const result = await inFolder(folder, [verb], { stack });
      assert.equal(result.code, 1, `${verb}\n${printed(result)}`);
      assert.match(result.stderr, sentence, verb);
      // An `up` says as well what callers get.
      const [, ...more] = result.stderr.trim().split("\n");
      assert.deepEqual(
        more.filter((line) => !line.startsWith("Callers get version 1")),
        [],
      );
      assert.deepEqual(running(home, "staging"), before, verb);
      assert.equal(await served(), "1", verb);
    }
  }

  before(async function () {
    this.timeout(minutes(5));
    project = await TestProject.create("churn", ["staging"], (config) => {
      lightRegistry(config);
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
      (config["tollgate:train"] as Record<string, unknown>)["parameters"] = {
        model: "gradient-boosting",
      };
    });
    await project.must("up", "--stack", "staging");
    await project.must("train", "--stack", "staging");
    await project.must("evaluate", "--stack", "staging");
    await project.must("pin", "1", "--stack", "staging");
    await project.must("up", "--stack", "staging");
    project.commit("serve version 1");
  });
  after(async () => {
    await project.dispose();
    for (const folder of others) {
      if (fs.existsSync(folder)) await inFolder(folder, ["stop"]);
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it("says that a stack was renamed, and goes on when it is renamed back", async () => {
    const before = running(project.dir);
    const rename = (from: string, to: string) =>
      project.pulumi(["stack", "rename", to, "--stack", from]);
    assert.equal((await rename("staging", "qa")).code, 0);
    await refusesAll(
      project.dir,
      "qa",
      /^Stack qa was named staging .*\.tollgate\/staging.*`tollgate pulumi -- stack rename staging --stack qa`/,
      project.dir,
    );
    // Plain Pulumi is stopped by the program, which asks whose the addresses are, or by the provider.
    const plain = await project.pulumi(["up", "--yes", "--skip-preview", "--stack", "qa"]);
    assert.notEqual(plain.code, 0);
    assert.match(printed(plain), /Stack qa was named staging|rename the stack back/);
    assert.deepEqual(running(project.dir), before);
    const asQa = await statusIn(project.dir, "qa");
    assert.match(
      asQa.drift.join("\n"),
      /of stack staging in .*, which has no Pulumi\.staging\.yaml any more/,
    );
    assert.equal(asQa.serving.answer, null);

    assert.equal((await rename("qa", "staging")).code, 0);
    assert.match((await project.must("up", "-s", "staging")).stdout, /serves .* version 1 /);
    assert.deepEqual(running(project.dir), before);
    assert.deepEqual((await statusIn(project.dir)).drift, []);
  });

  it("tells a second clone whose servers have its ports, and asks them nothing", async () => {
    const clone = beside("clone");
    execFileSync("git", ["clone", "--quiet", project.dir, clone]);
    const before = running(project.dir);
    for (const args of [["up"], ["preview"], ["train"], ["evaluate"], ["pin", "1"]]) {
      const result = await inFolder(clone, args);
      assert.equal(result.code, 1, `${args.join(" ")}\n${printed(result)}`);
      assert.match(
        result.stderr,
        new RegExp(
          `port ${project.ports["staging"]!.tracking} \\(tollgate:trackingServer.port\\).* taken by tracking-server .* of stack staging in ${project.dir}`,
        ),
      );
    }
    const status = await statusIn(clone);
    assert.equal(status.serving.answer, null);
    assert.match(status.drift.join("\n"), new RegExp(`taken by router .*in ${project.dir}`));
    const plain = await inFolder(clone, ["pulumi", "--", "preview"]);
    assert.notEqual(plain.code, 0, printed(plain));
    assert.deepEqual(running(clone), {});
    assert.deepEqual(running(project.dir), before);
    assert.equal(await served(), "1");
  });

  it("knows its servers again in a folder that was moved", async () => {
    const from = project.dir;
    const to = beside("moved");
    const before = running(from);
    fs.renameSync(from, to);
    try {
      await refusesAll(
        to,
        "staging",
        new RegExp(`^${to} was at ${from} .*\`tollgate stop --stack staging\``),
        to,
      );
      assert.deepEqual(running(to), before);
      assert.match((await statusIn(to)).drift.join("\n"), new RegExp(`was at ${from}`));
      assert.equal(fs.existsSync(from), false, "the old folder was made again");

      await mustIn(to, "stop");
      assert.deepEqual(running(to), {});
      assert.match((await mustIn(to, "up")).stdout, /staging serves .* version 1 /);
      assert.equal(await served(), "1");
      assert.deepEqual((await statusIn(to)).drift, []);
      await mustIn(to, "stop");
    } finally {
      assert.equal(fs.existsSync(from), false, "the old folder was made again");
      fs.renameSync(to, from);
    }
    await project.must("destroy", "-s", "staging");
    assert.deepEqual(running(from), {});
    assert.equal(fs.existsSync(to), false, "the other folder was made again");
    assert.match((await project.must("up", "-s", "staging")).stdout, /serves .* version 1 /);
  });

  it("shows the second generation that an interrupted up left, and what mends it", async () => {
    const before = running(project.dir);
    const file = path.join(project.dir, "Pulumi.staging.yaml");
    const original = fs.readFileSync(file);
    project.configure("staging", (config) => {
      config["tollgate:scorer"] = { ...(config["tollgate:scorer"] as object), logLevel: "DEBUG" };
    });
    const killed = await inFolder(
      project.dir,
      ["up"],
      atLine(/created +process model-serving-scorer/, (child) => {
        const engine = execFileSync("pgrep", ["-P", String(child.pid), "pulumi"]).toString();
        child.kill("SIGKILL");
        process.kill(Number(engine), "SIGKILL");
      }),
    );
    assert.equal(killed.code, 137, printed(killed));
    const [second] = Object.keys(running(project.dir)).filter((name) => !(name in before));
    assert.ok(second, "no second generation was started");
    const { drift } = await statusIn(project.dir);
    assert.match(
      drift.join("\n"),
      new RegExp(`^${second} runs, but no callers are sent to it`, "m"),
    );

    fs.writeFileSync(file, original);
    await project.must("up", "-s", "staging");
    assert.deepEqual(Object.keys(running(project.dir)).sort(), Object.keys(before).sort());
    assert.deepEqual((await statusIn(project.dir)).drift, []);
  });
});
