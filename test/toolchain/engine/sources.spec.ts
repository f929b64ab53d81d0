// The vendor is a server of the test's own and Go a script: nothing is really downloaded or built here.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { buildEngine } from "../../../toolchain/engine/build";
import { downloadEngine, type Vendor } from "../../../toolchain/engine/vendor";
import { fakeProgram, refusal, temporaryFolder } from "../helpers";

const quiet = () => undefined;
const folder = temporaryFolder();
let number = 0;
function newFolder(): string {
  const made = path.join(folder, String(number++));
  mkdirSync(made);
  return made;
}

describe("downloadEngine", () => {
  const servers: Server[] = [];
  after(() => servers.forEach((server) => (server.closeAllConnections(), server.close())));

  async function vendor(listener: RequestListener, download: Vendor["download"]): Promise<Vendor> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { address, patienceMs: 300, download };
  }

  const answers: RequestListener = (_request, response) => response.end();
  const delivers = async (target: string) => {
    fakeProgram(path.join(target, "bin"), "pulumi", "echo v3.259.0");
    fakeProgram(path.join(target, "bin"), "pulumi-language-nodejs", "exit 0");
  };

  it("asks with HEAD, then puts what the installer brought in one folder", async () => {
    let method: string | undefined;
    const target = newFolder();
    const listener: RequestListener = (request, response) => {
      method = request.method;
      response.end();
    };
    await downloadEngine(target, quiet, await vendor(listener, delivers));
    assert.equal(method, "HEAD");
    assert.ok(
      existsSync(path.join(target, "pulumi")) &&
        existsSync(path.join(target, "pulumi-language-nodejs")),
    );
    assert.equal(existsSync(path.join(target, "bin")), false);
  });

  it("refuses a vendor that is silent, without starting the download", async () => {
    const target = newFolder();
    const silent = await vendor(() => undefined, delivers);
    assert.equal(
      await refusal(downloadEngine(target, quiet, silent)),
      `${silent.address} didn't answer within 0.3 s`,
    );
    assert.equal(existsSync(path.join(target, "bin")), false);
  });

  it("refuses a vendor that answers with an error", async () => {
    const broken = await vendor((_request, response) => response.writeHead(503).end(), delivers);
    assert.equal(
      await refusal(downloadEngine(newFolder(), quiet, broken)),
      `${broken.address} can't be reached (${broken.address} answered 503)`,
    );
  });

  it("refuses a download that breaks off, with the first line of the reason", async () => {
    const breaking = await vendor(answers, () =>
      Promise.reject(new Error("connection reset\nmore")),
    );
    assert.equal(
      await refusal(downloadEngine(newFolder(), quiet, breaking)),
      `the download from ${breaking.address} failed (connection reset)`,
    );
  });

  it("refuses an engine that doesn't run here", async () => {
    const foreign = await vendor(answers, async (target) => {
      fakeProgram(path.join(target, "bin"), "pulumi", "exit 126");
    });
    assert.equal(
      await refusal(downloadEngine(newFolder(), quiet, foreign)),
      `what ${foreign.address} delivered doesn't run on this machine`,
    );
  });
});

describe("buildEngine", () => {
  const go = (version: string, build: string) => {
    const bin = newFolder();
    fakeProgram(bin, "go", `if [ "$1" = env ]; then echo go${version}; exit; fi\n${build}`);
    return bin;
  };

  it("builds the pinned engine into the folder, with our language host beside it", async function () {
    this.timeout(30_000);
    const target = newFolder();
    const activities: string[] = [];
    const bin = go(
      "1.26.1",
      `echo "$@" > ${target}/arguments; echo "go: downloading example.org/x v1.0.0" >&2; echo example.org/x >&2
       while [ "$1" != -o ]; do shift; done; echo built > "$2"`,
    );
    await buildEngine(target, (text) => activities.push(text), bin);
    assert.equal(readFileSync(path.join(target, "pulumi"), "utf8"), "built\n");
    assert.match(
      readFileSync(path.join(target, "arguments"), "utf8"),
      /version\.Version=v3\.259\.0 .*cmd\/pulumi\n$/,
    );
    assert.ok(existsSync(path.join(target, "pulumi-language-nodejs")));
    assert.deepEqual(activities.slice(1), [
      "Building the Pulumi engine 3.259.0: downloading example.org/x",
      "Building the Pulumi engine 3.259.0: 1 packages compiled",
    ]);
  });

  it("refuses when Go is missing", async () => {
    assert.equal(await refusal(buildEngine(newFolder(), quiet, newFolder())), "Go is not on PATH");
  });

  it("refuses a Go that is too old, with its version", async () => {
    const bin = go("1.19.8", "exit 0");
    const message = `${bin}/go is Go 1.19.8, and 1.21 or newer is needed`;
    assert.equal(await refusal(buildEngine(newFolder(), quiet, bin)), message);
  });

  it("refuses a build that fails, with the line that says why", async () => {
    const bin = go(
      "1.26.1",
      "echo runtime >&2; echo 'example.org/x: 403 Forbidden' >&2; echo net/http >&2; exit 1",
    );
    assert.equal(
      await refusal(buildEngine(newFolder(), quiet, bin)),
      `the build with ${bin}/go failed (example.org/x: 403 Forbidden)`,
    );
  });
});
