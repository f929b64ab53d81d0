// Engine and makers are stand-ins that do with files what the real ones do: what is under test is the choice. No network.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  DOCKER,
  ensureDockerPlugin,
  ensureKubernetesPlugin,
  findPlugin,
  KUBERNETES,
  type PluginMakers,
} from "../../toolchain/plugins";
import { dependencies } from "../../package.json";
import { fakeProgram, refusal, temporaryFolder, withVariables } from "./helpers";

const folder = temporaryFolder();
let [number, own, engine, environment] = [0, "", { binary: "" }, {} as NodeJS.ProcessEnv];

/** An engine and its home of each test's own. The engine installs a file as a plugin, and says what it was asked. */
function isolated(): void {
  withVariables(() => {
    own = path.join(folder, String(number++));
    const home = path.join(own, "home");
    environment = { PULUMI_HOME: home, PATH: path.join(own, "bin") };
    mkdirSync(path.join(own, "bin"), { recursive: true });
    engine = { binary: fakeProgram(own, "pulumi", installsInto(home)) };
    return { TOLLGATE_CACHE: path.join(own, "cache") };
  });
}

/** What the engine does with `plugin install resource <name> <version> --file <file>`, and a note of what was asked. */
function installsInto(home: string): string {
  return `echo "$@" >> ${own}/asked; PATH=/bin:/usr/bin
target=${home}/plugins/resource-$4-v$5
mkdir -p $target && cp "$7" $target/pulumi-resource-$4`;
}

const asked = () => readFileSync(path.join(own, "asked"), "utf8").trim().split("\n");
const unused = new Error("must not be asked");

const plugins = [
  [KUBERNETES, ensureKubernetesPlugin],
  [DOCKER, ensureDockerPlugin],
] as const;

for (const [release, ensurePlugin] of plugins) {
  const { name, title, version } = release;
  describe(`the ${title} plugin`, () => {
    isolated();

    const executable = `pulumi-resource-${name}`;
    const built = () =>
      path.join(own, "cache", "tollgate", "plugins", `${name}-${version}`, executable);
    const installedFile = (home = "home") =>
      path.join(own, home, "plugins", `resource-${name}-v${version}`, executable);

    /** Ensures with a vendor and a build that give this, or refuse. */
    function ensure(vendor: string | Error, build: string | Error) {
      const makers: PluginMakers = {
        vendor: async () => {
          if (vendor instanceof Error) throw vendor;
          fakeProgram(path.dirname(installedFile()), executable, vendor);
        },
        build: async (_recipe, target) => {
          if (build instanceof Error) throw build;
          fakeProgram(target, executable, build);
        },
      };
      return ensurePlugin(engine, environment, { progress: () => undefined, makers });
    }

    it("is in the version that the program's own package asks the engine for", () => {
      assert.equal(version, dependencies[`@pulumi/${name}`]);
    });

    describe("findPlugin", () => {
      it("finds none in a new home", () => {
        assert.equal(findPlugin(release, environment), null);
      });

      it("takes one on PATH first, as the engine does, unless the user forbids it", async () => {
        await ensure("exit 0", unused);
        const file = fakeProgram(path.join(own, "bin"), executable, "exit 0");
        assert.deepEqual(findPlugin(release, environment), { file, source: "path" });
        const forbidden = { ...environment, PULUMI_IGNORE_AMBIENT_PLUGINS: "true" };
        assert.deepEqual(findPlugin(release, forbidden), { file: installedFile(), source: "home" });
      });

      it("doesn't take one that the engine is still unpacking", async () => {
        await ensure("exit 0", unused);
        writeFileSync(`${path.dirname(installedFile())}.partial`, "");
        assert.equal(findPlugin(release, environment), null);
      });
    });

    describe("ensurePlugin", () => {
      it("asks nobody when the engine has it", async () => {
        await ensure("exit 0", unused);
        const expected = { file: installedFile(), source: "home" };
        assert.deepEqual(await ensure(unused, unused), expected);
        assert.deepEqual(findPlugin(release, environment), expected);
      });

      it("takes the vendor's before it builds one", async () => {
        await ensure("vendor's", unused);
        assert.match(readFileSync(installedFile(), "utf8"), /vendor's/);
        assert.equal(existsSync(built()), false);
      });

      it("builds when the vendor can't be reached, and lets the engine install what was built", async () => {
        const plugin = await ensure(new Error("no vendor"), "built");
        assert.deepEqual(plugin, { file: installedFile(), source: "home" });
        assert.match(readFileSync(plugin.file, "utf8"), /built/);
        assert.deepEqual(asked(), [`plugin install resource ${name} ${version} --file ${built()}`]);
      });

      it("installs what was built before into another home, and asks no vendor", async () => {
        await ensure(new Error("no vendor"), "built");
        const home = path.join(own, "another");
        environment = { ...environment, PULUMI_HOME: home };
        engine = { binary: fakeProgram(own, "pulumi", installsInto(home)) };
        const expected = { file: installedFile("another"), source: "home" };
        assert.deepEqual(await ensure(unused, unused), expected);
      });

      it("builds once for two at the same time", async () => {
        const [first, second] = await Promise.all([
          ensure(new Error("no vendor"), "first"),
          ensure(new Error("no vendor"), "second"),
        ]);
        assert.deepEqual(first, second);
        const one = readFileSync(built(), "utf8");
        assert.equal(readFileSync(installedFile(), "utf8"), one);
        assert.deepEqual(asked().length, 2);
      });

      it("refuses with everything that was tried when nothing works", async () => {
        assert.equal(
          await refusal(ensure(new Error("the vendor is silent"), new Error("Go is not on PATH"))),
          `There is no Pulumi ${title} plugin ${version}: the vendor is silent; Go is not on PATH; run \`pulumi plugin ` +
            `install resource ${name} ${version}\` where the internet can be reached, or install Go 1.21 or newer so that ` +
            "it can be built here.",
        );
        assert.equal(findPlugin(release, environment), null);
      });

      it("refuses with the engine's reason when it doesn't take what was built", async () => {
        engine = { binary: fakeProgram(own, "pulumi", "echo 'error: no such flag' >&2; exit 1") };
        assert.match(
          await refusal(ensure(new Error("no vendor"), "built")),
          /: no vendor; .* exit code 1: error: no such flag; run /,
        );
      });

      it("refuses an engine that says it installed the plugin and didn't", async () => {
        engine = { binary: fakeProgram(own, "pulumi", "exit 0") };
        assert.equal(
          await refusal(ensure(new Error("no vendor"), "built")),
          `The Pulumi ${title} plugin ${version} was installed, and yet ${engine.binary} has none in its home: run ` +
            `\`pulumi plugin install resource ${name} ${version}\`.`,
        );
      });

      it("refuses a full disk in one sentence, and doesn't go on to a build", async () => {
        const full = Object.assign(new Error("write"), { code: "ENOSPC" });
        assert.equal(
          await refusal(ensure(full, unused)),
          `The disk is full, so the Pulumi ${title} plugin ${version} could not be installed in ${own}/home: free about 1 GB ` +
            "there, or set PULUMI_HOME to a folder on another disk, and run the command again.",
        );
      });
    });
  });
}
