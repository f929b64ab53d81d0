// Everyday moves of a project folder while its servers run: renamed, moved, copied, linked, cloned, with the state elsewhere.
// Each is told in one sentence that says what to do, what it says is done, and what runs is the same process afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { KeptProject } from "../support/kept-project";
import type { CommandResult, RunOptions } from "../support/project";

const engineVerbs = ["preview", "up", "refresh", "destroy"] as const;

describe("a project folder that is moved, renamed, copied, linked or cloned", function () {
  this.timeout(10 * 60_000);
  let project: KeptProject;
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;

  beforeEach(async () => {
    project = await KeptProject.create();
    await must(["up"]);
  });
  afterEach(() => project.dispose());

  async function must(args: string[], folder?: string, stack = "dev", options?: RunOptions) {
    const result = await project.tollgate([...args, "--stack", stack], folder, options);
    assert.equal(
      result.code,
      0,
      `${args.join(" ")} in ${folder ?? project.dir}\n${printed(result)}`,
    );
    return result;
  }

  /** What listens at the project's address: its process and the data that it works with; null when nothing does. */
  async function listener(): Promise<{ pid: number; data: string } | null> {
    try {
      const data = await (await fetch(`http://127.0.0.1:${project.port}/`)).text();
      const args = execFileSync("pgrep", ["-f", `node -e .* ${project.port} ${data}$`]);
      const pid = Number(args.toString().trim().split("\n").at(-1));
      return { pid, data };
    } catch {
      return null;
    }
  }

  const data = (folder: string, stack = "dev") =>
    path.join(folder, ".tollgate", stack, "data/kept");
  const starts = (folder: string, stack = "dev") =>
    fs.readFileSync(path.join(data(folder, stack), "starts"), "utf8").length;

  /** Every verb of the engine, and plain Pulumi, end with this sentence and change nothing. */
  async function allRefuse(sentence: RegExp, folder: string, stack = "dev", options?: RunOptions) {
    const before = await listener();
    for (const verb of engineVerbs) {
      const result = await project.tollgate([verb, "--stack", stack], folder, options);
      assert.equal(result.code, 1, `${verb}\n${printed(result)}`);
      assert.match(result.stderr, sentence, verb);
      assert.equal(result.stderr.trim().split("\n").length, 1, result.stderr);
      assert.deepEqual(await listener(), before, verb);
    }
    const plain = ["pulumi", "--", "up", "--yes", "--skip-preview", "--stack", stack];
    const result = await project.tollgate(plain, folder, options);
    assert.notEqual(result.code, 0, printed(result));
    assert.deepEqual(await listener(), before, printed(result));
  }

  async function driftIn(folder: string, stack = "dev"): Promise<string> {
    const { stdout } = await must(["status", "--json"], folder, stack);
    return (JSON.parse(stdout) as { drift: string[] }).drift.join("\n");
  }

  const rename = (from: string, to: string, folder?: string) =>
    must(["pulumi", "--", "stack", "rename", to], folder, from);

  it("says that a stack was renamed, and goes on when it is renamed back", async () => {
    const before = await listener();
    await rename("dev", "qa");
    await allRefuse(
      /^Stack qa was named dev .*\.tollgate\/dev: .*`tollgate pulumi -- stack rename dev --stack qa`/,
      project.dir,
      "qa",
    );
    assert.match(
      await driftIn(project.dir, "qa"),
      /of stack dev in .*, which has no Pulumi\.dev\.yaml any more/,
    );
    assert.equal(fs.existsSync(path.join(project.dir, ".tollgate/qa/secrets")), false);
    await rename("qa", "dev");
    assert.match((await must(["up"])).stdout, /no changes/);
    assert.deepEqual(await listener(), before);
  });

  it("takes the servers and the data of a renamed stack along when its folder is renamed too", async () => {
    await rename("dev", "qa");
    fs.renameSync(path.join(project.dir, ".tollgate/dev"), path.join(project.dir, ".tollgate/qa"));
    await allRefuse(/was at .*\/dev .*`tollgate stop --stack qa`/, project.dir, "qa");
    await must(["stop"], project.dir, "qa");
    assert.equal(await listener(), null);
    await must(["up"], project.dir, "qa");
    assert.equal((await listener())?.data, data(project.dir, "qa"));
    assert.equal(starts(project.dir, "qa"), 2);
    await must(["destroy"], project.dir, "qa");
    assert.equal(await listener(), null);
    assert.equal(fs.existsSync(path.join(project.dir, ".tollgate/dev")), false);
  });

  it("knows its servers again in a folder that was moved, and ends them there", async () => {
    const before = await listener();
    const to = project.beside("moved");
    fs.renameSync(project.dir, to);
    await allRefuse(
      new RegExp(`^${to} was at ${project.dir} when .*\`tollgate stop --stack dev\``),
      to,
    );
    assert.match(await driftIn(to), new RegExp(`was at ${project.dir}`));
    assert.deepEqual(await listener(), before);
    await must(["stop"], to);
    assert.equal(await listener(), null);
    await must(["up"], to);
    assert.equal((await listener())?.data, data(to));
    assert.equal(starts(to), 2);
    await must(["destroy"], to);
    assert.equal(await listener(), null);
    assert.equal(fs.existsSync(project.dir), false, "the old folder was made again");
  });

  it("destroys what was moved and stopped, and plain Pulumi brings it up", async () => {
    const to = project.beside("moved");
    fs.renameSync(project.dir, to);
    await must(["stop"], to);
    await must(["pulumi", "--", "up", "--yes", "--skip-preview"], to);
    assert.equal((await listener())?.data, data(to));
    assert.equal(fs.existsSync(project.dir), false, "the old folder was made again");
    fs.renameSync(to, project.dir);
    await must(["stop"]);
    await must(["destroy"]);
    assert.equal(await listener(), null);
    assert.equal(fs.existsSync(to), false, "the other folder was made again");
    assert.equal(starts(project.dir), 2);
  });

  it("takes a link to the folder for the folder", async () => {
    const before = await listener();
    const link = project.beside("link");
    fs.symlinkSync(project.dir, link);
    assert.match((await must(["up", "--cwd", link], "/")).stdout, /no changes/);
    assert.match((await must(["up"], link, "dev", { env: { PWD: link } })).stdout, /no changes/);
    assert.deepEqual(await listener(), before);
  });

  it("leaves the servers alone that a copied folder has records of", async () => {
    const before = await listener();
    const copy = project.beside("copy");
    fs.cpSync(project.dir, copy, { recursive: true });
    await allRefuse(
      new RegExp(
        `^The state of dev speaks of the servers in ${project.dir}, and this is ${copy}: `,
      ),
      copy,
    );
    await must(["stop"], copy);
    assert.deepEqual(await listener(), before);
    assert.match(await driftIn(copy), new RegExp(`of stack dev in ${project.dir}`));

    // What the sentence advises makes an environment of it, with the data that was copied.
    await must(["pulumi", "--", "stack", "rm", "--yes", "--force", "--preserve-config"], copy);
    await must(["stop"]);
    await must(["up"], copy);
    assert.equal((await listener())?.data, data(copy));
    assert.equal(starts(copy), 2);
    assert.equal(starts(project.dir), 1);
  });

  it("tells a second clone whose server has its port, and makes nothing", async () => {
    const before = await listener();
    const clone = project.beside("clone");
    const tracked = (file: string) => !/\/\.(tollgate|pulumi)$/.test(file);
    fs.cpSync(project.dir, clone, { recursive: true, filter: tracked });
    const taken = new RegExp(
      `^The tracking-server's port ${project.port} .* is taken by tracking-server \\(pid \\d+\\) of stack dev in ${project.dir}; end it with \`tollgate stop --stack dev --cwd ${project.dir}\``,
    );
    for (const args of [["preview"], ["up"], ["evaluate"], ["pin", "1"]]) {
      const result = await project.tollgate([...args, "--stack", "dev"], clone);
      assert.equal(result.code, 1, `${args.join(" ")}\n${printed(result)}`);
      assert.match(result.stderr, taken, args.join(" "));
    }
    assert.match(await driftIn(clone), new RegExp(`of stack dev in ${project.dir}`));
    assert.deepEqual(await listener(), before);

    await must(["stop", "--cwd", project.dir]);
    await must(["up"], clone);
    assert.equal((await listener())?.data, data(clone));
    const first = await project.tollgate(["up", "--stack", "dev"]);
    assert.equal(first.code, 1, printed(first));
    assert.match(first.stderr, new RegExp(`of stack dev in ${clone};`));
  });

  it("keeps a state that two clones share with the folder whose servers it speaks of", async () => {
    await must(["destroy"]);
    // The settings kept for the engine have the salt of this folder's own passphrase.
    fs.rmSync(path.join(project.dir, ".tollgate"), { recursive: true });
    const second = project.beside("second");
    const backend = project.beside("state");
    fs.mkdirSync(backend);
    const tracked = (file: string) => !/\/\.(tollgate|pulumi)$/.test(file);
    fs.cpSync(project.dir, second, { recursive: true, filter: tracked });
    const url = `file://${backend}?metadata=skip`;
    const shared = { env: { PULUMI_BACKEND_URL: url, PULUMI_CONFIG_PASSPHRASE: "shared" } };
    await must(["up"], project.dir, "dev", shared);
    const speaks = (folder: string) =>
      new RegExp(
        `^The state of dev speaks of the servers in ${folder}, .*\`tollgate destroy --stack dev\` there`,
      );
    await allRefuse(speaks(project.dir), second, "dev", shared);
    await must(["destroy"], project.dir, "dev", shared);
    await must(["up"], second, "dev", shared);
    assert.equal((await listener())?.data, data(second));
    // The first has been at work with this state before, and it is another's now.
    await allRefuse(speaks(second), project.dir, "dev", shared);
    fs.rmSync(project.dir, { recursive: true });
    fs.renameSync(second, project.dir);
    await must(["stop"]);
    await must(["up"], project.dir, "dev", shared);
    await must(["destroy"], project.dir, "dev", shared);
    assert.equal(await listener(), null);
  });
});
