// A real Envoy on loopback, with callers that mean harm beside one that doesn't. Bounded: 2,200 connections.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { routeFiles } from "../../provider/envoy/files";
import { routerLimits } from "../../provider/envoy/limits";
import type { FakeScorer } from "../support/fake-scorer";
import { freePort } from "../../processes/ports";
import { Callers, releaseTo, TestRouter } from "../support/router";

describe("the router's admin interface", function () {
  this.timeout(60_000);
  let router: TestRouter;
  afterEach(() => router.dispose());

  it("is a socket that only its owner can open, and no port", async () => {
    router = await TestRouter.start();
    const { adminSocket, directory } = routeFiles(router.stateDir);
    assert.equal(fs.statSync(adminSocket).mode & 0o777, 0o600);
    assert.equal(fs.statSync(directory).mode & 0o777, 0o700);
    assert.deepEqual(listeningPorts(router.pid), [Number(new URL(router.url).port)]);
  });

  it("answers where the state folder lies deeper than the path of a socket may be long", async () => {
    const deep = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(60));
    router = await TestRouter.start(deep);
    assert.ok(routeFiles(router.stateDir).adminSocket.length > 300);
    assert.notEqual((await router.admin.state()).routesVersion, null);
  });

  it("is still found on the port of a router that was started before there was a socket", async () => {
    router = await TestRouter.start();
    const { bootstrap } = routeFiles(router.stateDir);
    const former = JSON.parse(fs.readFileSync(bootstrap, "utf8")) as { admin: object };
    const port = await freePort();
    former.admin = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
    fs.writeFileSync(bootstrap, JSON.stringify(former));
    await router.restart();
    assert.ok(listeningPorts(router.pid).includes(port));
    assert.notEqual((await router.admin.state()).routesVersion, null);
  });
});

describe("the router's limits", function () {
  this.timeout(90_000);
  let router: TestRouter;
  let scorer: FakeScorer;
  const sockets: net.Socket[] = [];

  beforeEach(async () => {
    router = await TestRouter.start();
    scorer = await router.scorer("1");
    await releaseTo(router, "1", [scorer.url]);
  });

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    await router.dispose();
  });

  /** Opens connections to the router and says `text` on each. */
  async function open(count: number, text = ""): Promise<net.Socket[]> {
    const port = Number(new URL(router.url).port);
    const opened: net.Socket[] = [];
    for (let i = 0; i < count; i += 100) {
      const some = Array.from({ length: Math.min(100, count - i) }, () =>
        net.connect(port, "127.0.0.1").on("error", () => undefined),
      );
      await Promise.all(some.map((socket) => once(socket, "connect")));
      opened.push(...some);
    }
    for (const socket of opened) if (text) socket.write(text);
    sockets.push(...opened);
    return opened;
  }

  it("answers every caller beside 2,000 idle connections and 200 requests that are never finished", async () => {
    const before = scorer.predicted();
    await open(2000);
    await open(100, "POST /predict HTTP/1.1\r\nhost: a\r\ncontent-le");
    await open(100, "POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{");
    const callers = new Callers(router.url, 4);
    await callers.until(() => callers.requests >= 500);
    await callers.stop();
    assert.deepEqual(callers.failures, []);
    assert.deepEqual(Object.keys(callers.answers), ["200 v1"]);
    assert.equal(scorer.predicted() - before, callers.requests);
    // No connection to a scorer waits for the end of a request that never comes.
    assert.ok((await router.upstreamConnections()) <= 8);
  });

  it("gives up a request whose head doesn't come to its end", async () => {
    const started = performance.now();
    const [slow] = await open(1, "POST /predict HTTP/1.1\r\nhost: a\r\n");
    const [said] = (await once(slow!, "data")) as [Buffer];
    const seconds = (performance.now() - started) / 1000;
    assert.match(said.toString(), /^HTTP\/1\.1 408 /);
    assert.ok(Math.abs(seconds - routerLimits.headersSeconds) < 5, `ended after ${seconds} s`);
  });

  it("passes on a body of 16 MiB, and refuses a larger one in the scorer's words", async () => {
    const post = (bytes: number) =>
      fetch(`${router.url}/predict`, {
        method: "POST",
        body: JSON.stringify({ features: [[0.5, 1]] }).padEnd(bytes),
      });
    const fits = await post(16 * 1024 * 1024);
    assert.equal(fits.status, 200);
    await fits.text();
    const refused = await post(16 * 1024 * 1024 + 1);
    assert.equal(refused.status, 413);
    assert.deepEqual(await refused.json(), {
      error: {
        code: "too-large",
        field: null,
        message: "The body is larger than 16 MiB; send fewer rows.",
      },
    });
  });
});

/** Ports of TCP that a process listens on. */
function listeningPorts(pid: number): number[] {
  const own = new Set(
    fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return fs.readlinkSync(path.join(`/proc/${pid}/fd`, fd));
      } catch {
        return "";
      }
    }),
  );
  const lines = ["tcp", "tcp6"].flatMap((table) =>
    fs.readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1),
  );
  const ports = lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && own.has(`socket:[${fields[9]}]`))
    .map((fields) => parseInt(fields[1]!.split(":")[1]!, 16));
  return [...new Set(ports)].sort((a, b) => a - b);
}
