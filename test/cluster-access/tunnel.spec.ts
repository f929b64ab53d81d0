// Carries real bytes over a stand-in's port-forward. That kubelets do the same is shown in test/cluster/access.spec.ts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { connectCluster } from "../../cluster/connect";
import { type StandIn, startApiServer } from "../support/api-server";

const core = "/api/v1/namespaces/shop";
const slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";

describe("Cluster.tunnel", function () {
  this.timeout(30_000);
  let api: StandIn;
  const servers: Server[] = [];
  beforeEach(async () => (api = await startApiServer()));
  afterEach(async () => {
    await api.close();
    for (const server of servers.splice(0)) {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve<S extends Server>(server: S): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Two pods, the second one ready, behind port 80 of Service web, whose target has a name. */
  function service(ready: string[]): void {
    api.answers[`GET ${core}/services/web`] = {
      body: {
        spec: {
          selector: { app: "web" },
          ports: [
            { name: "dns", port: 80, protocol: "UDP" },
            { name: "http", port: 80, protocol: "TCP" },
          ],
        },
      },
    };
    api.answers[`GET ${slices}`] = {
      body: {
        items: [
          {
            ports: [
              { name: "dns", port: 53 },
              { name: "http", port: 8000 },
            ],
            endpoints: ready.map((name) => ({
              conditions: { ready: true },
              targetRef: { kind: "Pod", name },
            })),
          },
        ],
      },
    };
  }

  const text = async (url: string) =>
    (await fetch(url, { headers: { connection: "close" } })).text();

  it("resolves a named port, takes the pods in turn, and another when one is gone", async () => {
    for (const name of ["a", "b"]) {
      api.pods[name] = await serve(createHttpServer((_, response) => response.end(name)));
    }
    service(["a", "b"]);
    const tunnel = await (await connectCluster(api.address("shop"))).tunnel({ service: "web" }, 80);
    assert.deepEqual([await text(tunnel.url), await text(tunnel.url)].sort(), ["a", "b"]);
    delete api.pods["a"];
    for (let index = 0; index < 4; index++) assert.equal(await text(tunnel.url), "b");
    service(["b"]);
    assert.equal(await text(tunnel.url), "b");
    await tunnel.close();
  });

  it("carries 8 MB each way unchanged, though the reader is slow", async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef");
    const digest = (data: Buffer) => createHash("sha256").update(data).digest("hex");
    api.pods["a"] = await serve(
      createHttpServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () =>
          response.setHeader("x-got", digest(Buffer.concat(chunks))).end(bytes),
        );
      }),
    );
    const tunnel = await (await connectCluster(api.address("shop"))).tunnel({ pod: "a" }, 80);
    const answer = await fetch(tunnel.url, { method: "POST", body: bytes });
    assert.equal(answer.headers.get("x-got"), digest(bytes));
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body!) {
      if (chunks.length % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
      chunks.push(Buffer.from(chunk as Uint8Array));
    }
    assert.equal(digest(Buffer.concat(chunks)), digest(bytes));
    await tunnel.close();
  });

  it("gives the whole answer to a caller that has said all it will say", async () => {
    // Answers only once the request is there, like a server that is asked over a half-closed connection.
    api.pods["a"] = await serve(
      createServer((socket) =>
        socket.once("data", () => setImmediate(() => socket.end("all of it"))),
      ),
    );
    const tunnel = await (await connectCluster(api.address("shop"))).tunnel({ pod: "a" }, 80);
    const socket = connect({ port: Number(new URL(tunnel.url).port), allowHalfOpen: true });
    socket.end("question");
    let got = "";
    for await (const chunk of socket) got += String(chunk);
    assert.equal(got, "all of it");
    await tunnel.close();
  });

  it("ends a caller's connection when the pod dies, and says why a new one fails", async () => {
    let reached = () => {};
    const connected = new Promise<void>((resolve) => (reached = resolve));
    const silent = createServer((socket) => {
      socket.on("error", () => {}).resume();
      reached();
    });
    api.pods["a"] = await serve(silent);
    const tunnel = await (await connectCluster(api.address("shop"))).tunnel({ pod: "a" }, 80);
    const waiting = assert.rejects(fetch(tunnel.url));
    await connected;
    api.cutForwards();
    await waiting;
    delete api.pods["a"];
    await assert.rejects(fetch(tunnel.url));
    assert.equal(tunnel.problem()?.code, "not-found");
    await tunnel.close();
  });

  it("says that nothing listens at a pod's port", async () => {
    const free = createServer();
    const port = await serve(free);
    servers.pop();
    await new Promise((resolve) => free.close(resolve));
    api.pods["a"] = port;
    const tunnel = await (await connectCluster(api.address("shop"))).tunnel({ pod: "a" }, 80);
    await assert.rejects(fetch(tunnel.url));
    assert.match(
      tunnel.problem()!.message,
      /^Pod a took no connection to port 80 \(.*\): see `tollgate logs`\.$/,
    );
    await tunnel.close();
  });

  it("refuses a Service without a ready pod, with what each pod is", async () => {
    service([]);
    const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' };
    api.answers[`GET ${core}/pods`] = {
      body: {
        items: [
          {
            metadata: { name: "web-1" },
            status: {
              phase: "Pending",
              containerStatuses: [
                { name: "web", ready: false, restartCount: 0, state: { waiting } },
              ],
            },
          },
        ],
      },
    };
    const cluster = await connectCluster(api.address("shop"));
    await assert.rejects(cluster.tunnel({ service: "web" }, 80), {
      code: "unavailable",
      message:
        'No pod behind Service "web" in namespace "shop" is ready (web-1 is ImagePullBackOff (Back-off pulling image "x")): wait until one is, or see why with `tollgate logs`.',
    });
  });

  it("refuses a Service or a port that isn't there", async () => {
    const cluster = await connectCluster(api.address("shop"));
    api.answers[`GET ${slices}`] = { body: { items: [] } };
    await assert.rejects(cluster.tunnel({ service: "web" }, 80), {
      code: "not-found",
      message: 'There is no Service "web" in namespace "shop": bring this stack up first.',
    });
    service([]);
    await assert.rejects(cluster.tunnel({ service: "web" }, 81), {
      code: "not-found",
      message:
        'Service "web" in namespace "shop" has no port 81 (there are: 80): bring this stack up first.',
    });
  });
});
