// The vendor is a server of the test's own, engine and Go are scripts: nothing is really downloaded or built here.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { buildPlugin } from "../../toolchain/plugins/build";
import { KUBERNETES } from "../../toolchain/plugins/plugin";
import { dockerRecipe, kubernetesRecipe } from "../../toolchain/plugins/recipes";
import { downloadPlugin } from "../../toolchain/plugins/vendor";
import { fakeProgram, refusal, temporaryFolder } from "./helpers";

const quiet = () => undefined;
const folder = temporaryFolder();
let number = 0;
function newFolder(): string {
  const made = path.join(folder, String(number++));
  mkdirSync(made);
  return made;
}

describe("downloadPlugin", () => {
  const servers: Server[] = [];
  after(() => servers.forEach((server) => (server.closeAllConnections(), server.close())));

  async function vendor(listener: RequestListener) {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { address, patienceMs: 300 };
  }
  const answers: RequestListener = (_request, response) => response.end();

  function engineThat(script: string) {
    const own = newFolder();
    return {
      binary: fakeProgram(own, "pulumi", `echo "$@ $HOME_GIVEN" > ${own}/asked\n${script}`),
      own,
    };
  }

  it("asks the vendor for a sign of life, then lets the engine download in its environment", async () => {
    const engine = engineThat("exit 0");
    const environment = { PATH: "/bin", HOME_GIVEN: "home" };
    await downloadPlugin(KUBERNETES, engine, environment, quiet, await vendor(answers));
    assert.equal(
      readFileSync(path.join(engine.own, "asked"), "utf8"),
      "plugin install resource kubernetes 4.25.0 home\n",
    );
  });

  it("refuses a vendor that is silent, without starting the engine", async () => {
    const engine = engineThat("exit 0");
    const silent = await vendor(() => undefined);
    assert.equal(
      await refusal(downloadPlugin(KUBERNETES, engine, {}, quiet, silent)),
      `${silent.address} didn't answer within 0.3 s`,
    );
    assert.equal(existsSync(path.join(engine.own, "asked")), false);
  });

  it("goes straight to a mirror of the user's own", async () => {
    const engine = engineThat("exit 0");
    const silent = await vendor(() => undefined);
    const environment = {
      PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: "^https://get.pulumi.com=https://mirror.example.com",
    };
    await downloadPlugin(KUBERNETES, engine, environment, quiet, silent);
    assert.ok(existsSync(path.join(engine.own, "asked")));
  });

  it("refuses a download that breaks off, with the engine's reason and without its retries", async () => {
    const engine = engineThat(
      "echo 'warning: Error downloading plugin: reset' >&2\necho 'Will retry in 80ms [1/5]' >&2\n" +
        "echo 'error: failed to download plugin: kubernetes-4.25.0' >&2; exit 1",
    );
    const there = await vendor(answers);
    assert.equal(
      await refusal(downloadPlugin(KUBERNETES, engine, {}, quiet, there)),
      `the download from ${there.address} failed (failed to download plugin: kubernetes-4.25.0)`,
    );
  });

  it("passes a full disk on as what it is", async () => {
    const engine = engineThat("echo 'error: write: no space left on device' >&2; exit 1");
    const there = await vendor(answers);
    await assert.rejects(downloadPlugin(KUBERNETES, engine, {}, quiet, there), {
      name: "Error",
      message: /ended with exit code 1/,
    });
  });
});

describe("buildPlugin", () => {
  /** Go that answers `mod download` with a module of the test's own, and "builds" by telling what it was given. */
  function go(own: string, version = "1.26.1"): string {
    const module = path.join(own, "module", "cmd", "pulumi-resource-kubernetes");
    mkdirSync(module, { recursive: true });
    writeFileSync(path.join(module, "schema.json"), '{\n  "name": "kubernetes",\n  "x": [1]\n}');
    writeFileSync(path.join(module, "terraform-mapping.json"), '{ "resources": {} }');
    const bin = path.join(own, "bin");
    fakeProgram(
      bin,
      "go",
      `case "$1" in
env) echo go${version} ;;
mod) echo "{\\"Dir\\": \\"${own}/module\\"}" ;;
build)
  echo "$@" > ${own}/arguments; /bin/cp -r . ${own}/sources
  echo "go: downloading example.org/x v1.0.0" >&2; echo example.org/x >&2
  while [ "$1" != -o ]; do shift; done; echo built > "$2" ;;
esac`,
    );
    return bin;
  }

  it("builds our main package with the module's schema, compact and with its version", async () => {
    const own = newFolder();
    const target = newFolder();
    const activities: string[] = [];
    await buildPlugin(kubernetesRecipe, target, (text) => activities.push(text), go(own));
    assert.match(activities[0]!, /, which takes about \d+ minutes and \d+ MB$/);
    assert.deepEqual(readdirSync(target), ["pulumi-resource-kubernetes"]);
    const sources = path.join(own, "sources");
    assert.deepEqual(readdirSync(sources).sort(), [
      ...["go.mod", "go.sum", "main.go", "schema.json", "terraform-mapping.json"],
    ]);
    const embedded = (name: string) => readFileSync(path.join(sources, name), "utf8");
    assert.equal(embedded("schema.json"), '{"name":"kubernetes","x":[1],"version":"4.25.0"}');
    assert.equal(embedded("terraform-mapping.json"), '{"resources":{}}');
    assert.equal(
      readFileSync(path.join(own, "arguments"), "utf8"),
      "build -v -mod=readonly -trimpath -buildvcs=false -ldflags -s -w -X " +
        "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0 " +
        `-o ${target}/pulumi-resource-kubernetes .\n`,
    );
    assert.deepEqual(activities.slice(1), [
      "Building the Pulumi Kubernetes plugin 4.25.0: downloading example.org/x",
      "Building the Pulumi Kubernetes plugin 4.25.0: 1 packages compiled",
    ]);
  });

  it("builds the Docker plugin from what lies in its folder, without asking for a module", async () => {
    const own = newFolder();
    const target = newFolder();
    const bin = go(own);
    rmSync(path.join(own, "module"), { recursive: true });
    await buildPlugin(dockerRecipe, target, quiet, bin);
    assert.deepEqual(readdirSync(target), ["pulumi-resource-docker"]);
    assert.deepEqual(
      readdirSync(path.join(own, "sources")).sort(),
      readdirSync(path.join(__dirname, "../../toolchain/plugins/docker")).sort(),
    );
    assert.equal(
      readFileSync(path.join(own, "arguments"), "utf8"),
      "build -v -mod=readonly -trimpath -buildvcs=false -tags no_compose -ldflags -s -w -X main.version=5.2.0 " +
        `-o ${target}/pulumi-resource-docker .\n`,
    );
  });

  it("refuses when Go is missing", async () => {
    assert.equal(
      await refusal(buildPlugin(kubernetesRecipe, newFolder(), quiet, newFolder())),
      "Go is not on PATH",
    );
  });

  it("refuses a Go that is too old, with its version", async () => {
    const bin = go(newFolder(), "1.19.8");
    const message = `${bin}/go is Go 1.19.8, and 1.21 or newer is needed`;
    assert.equal(await refusal(buildPlugin(kubernetesRecipe, newFolder(), quiet, bin)), message);
  });

  it("refuses modules that can't be had, with the line that says why", async () => {
    const bin = newFolder();
    fakeProgram(
      bin,
      "go",
      `[ "$1" = env ] && { echo go1.26.1; exit; }\necho 'go: example.org/x: dial tcp: i/o timeout' >&2; exit 1`,
    );
    assert.equal(
      await refusal(buildPlugin(kubernetesRecipe, newFolder(), quiet, bin)),
      `the build with ${bin}/go failed (go: example.org/x: dial tcp: i/o timeout)`,
    );
  });
});
