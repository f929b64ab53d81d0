// Builds the Docker plugin for real, with Go and its module proxy, and has the real engine work with it. No daemon.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { engineEnvironment, ensureEngine, type Engine } from "../../../toolchain/engine";
import { findGo } from "../../../toolchain/go";
import { buildPlugin } from "../../../toolchain/plugins/build";
import { DOCKER, executableOf, findPlugin } from "../../../toolchain/plugins/plugin";
import { dockerRecipe } from "../../../toolchain/plugins/recipes";
import { installPlugin } from "../../../toolchain/plugins/vendor";
import { run } from "../../support/project";

const root = path.join(__dirname, "..", "..", "..");
const recipe = path.join(root, "toolchain", "plugins", "docker");

/** A container with something of each kind that has another name in Pulumi than in Terraform. */
const program = `const docker = require("@pulumi/docker");
const host = new docker.Provider("host", { host: "unix:///nowhere" });
new docker.Container("scorer", {
  image: "sha256:0",
  command: ["serve"],
  envs: ["A=1"],
  healthcheck: { tests: ["CMD", "true"], interval: "1m30s" },
  networksAdvanced: [{ name: "inside" }],
}, { provider: host });
`;

interface Step {
  readonly op: string;
  readonly newState: { readonly type: string; readonly inputs: object };
}

describe("the Docker plugin as it is built", function () {
  // With nothing in Go's cache, on a machine that does something else as well.
  this.timeout(30 * 60_000);

  const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-docker-plugin-"));
  const built = path.join(dir, executableOf(DOCKER));
  let engine: Engine;
  let env: Record<string, string>;

  before(async () => {
    await buildPlugin(dockerRecipe, dir, () => undefined);
    engine = await ensureEngine();
    env = {
      ...engineEnvironment(engine, dir),
      PULUMI_HOME: path.join(dir, "home"),
      PULUMI_CONFIG_PASSPHRASE: "",
    };
  });
  after(() => fs.rmSync(dir, { recursive: true, force: true }));

  it("says its version", async () => {
    assert.equal((await run(built, ["-version"], dir)).stdout.trim(), DOCKER.version);
  });

  it("is taken by the engine, which knows a container's settings by it", async () => {
    await installPlugin(DOCKER, engine, env, built);
    assert.equal(findPlugin(DOCKER, env)?.source, "home");
    const write = (file: string, text: string) => fs.writeFileSync(path.join(dir, file), text);
    write(
      "Pulumi.yaml",
      "name: plugin\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.js\nbackend: {url: 'file://.'}\n",
    );
    write("package.json", '{"name":"plugin","version":"1.0.0","main":"index.js"}');
    write("index.js", program);
    fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
    const pulumi = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(engine.binary, args, dir, { env });
      assert.equal(code, 0, `pulumi ${args[0]} ended with ${code}\n${stdout}${stderr}`);
      return stdout;
    };
    await pulumi("stack", "init", "plugin");
    const { steps } = JSON.parse(
      await pulumi("preview", "--json", "--non-interactive", "--stack", "plugin"),
    ) as { steps: Step[] };
    const { op, newState } = steps.find(
      ({ newState: { type } }) => type === "docker:index/container:Container",
    )!;
    const { name, command, healthcheck } = newState.inputs as {
      name: string;
      command: string[];
      healthcheck: { interval: string };
    };
    assert.equal(op, "create");
    assert.match(name, /^scorer-[0-9a-f]{7}$/);
    assert.deepEqual(command, ["serve"]);
    assert.equal(healthcheck.interval, "1m30s");
  });

  it("has the schema that its resources give", async () => {
    const sources = path.join(dir, "sources");
    fs.cpSync(recipe, sources, { recursive: true });
    const tags = ["-tags", dockerRecipe.tags.join(",")];
    // As the plugin is built, so that Go has most of it already.
    const schema = ["-mod=readonly", "-trimpath", "-buildvcs=false", "./schema", DOCKER.version];
    const { code, stderr } = await run(await findGo(), ["run", ...tags, ...schema], sources, {
      env: { CGO_ENABLED: "0", GOWORK: "off" },
    });
    assert.equal(code, 0, stderr);
    const read = (folder: string) => fs.readFileSync(path.join(folder, "schema.json"), "utf8");
    assert.equal(read(sources), read(recipe));
  });
});
