// Asks a stand-in for an API server. What a real one says is in test/cluster/access.spec.ts.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { ClusterError } from "../../cluster/cluster";
import { connectCluster } from "../../cluster/connect";
import { type Answer, type StandIn, startApiServer } from "../support/api-server";

const path = "/apis/apps/v1/namespaces/shop/deployments/scorer";
const status = (code: number, message: string): Answer => ({
  status: code,
  body: { kind: "Status", message },
});

describe("connectCluster", function () {
  this.timeout(20_000);
  let server: StandIn;
  beforeEach(async () => (server = await startApiServer()));
  afterEach(() => server.close());

  const connected = (user?: object) => connectCluster(server.address("shop", user));

  async function refusal(of: Promise<unknown>): Promise<{ code: string; message: string }> {
    const error: unknown = await of.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ClusterError, String(error));
    const { code, message } = error;
    return { code, message: message.replaceAll(server.url, "URL") };
  }

  it("sends body, kind of patch and credentials, and reads the answer", async () => {
    server.answers[`PATCH ${path}`] = { body: { ok: true } };
    const cluster = await connected();
    const answer = await cluster.request("PATCH", `${path}?fieldManager=t`, {
      body: { spec: {} },
      contentType: "application/merge-patch+json",
    });
    assert.deepEqual(answer, { ok: true });
    const [seen] = server.seen;
    assert.equal(seen?.path, `${path}?fieldManager=t`);
    assert.equal(seen.body, '{"spec":{}}');
    assert.equal(seen.headers["content-type"], "application/merge-patch+json");
    assert.equal(seen.headers.authorization, "Bearer secret");
  });

  it("signs in with a user's name and password, and as somebody else", async () => {
    server.answers[`GET ${path}`] = {};
    const cluster = await connected({ username: "ada", password: "pw", as: "grace" });
    await cluster.request("GET", path);
    assert.equal(server.seen[0]?.headers.authorization, "Basic YWRhOnB3");
    assert.equal(server.seen[0]?.headers["impersonate-user"], "grace");
  });

  const refusals: [number, string, string, string][] = [
    [
      401,
      "Unauthorized",
      "unreachable",
      'The cluster at URL refuses the credentials of context "test": set KUBECONFIG, tollgate:kubernetes.kubeconfig or tollgate:kubernetes.context to reach it, or put this stack on `tollgate:runtime: local`.',
    ],
    [
      403,
      'deployments.apps "scorer" is forbidden: User "ada" cannot get resource "deployments"',
      "forbidden",
      'The cluster at URL doesn\'t allow it: deployments.apps "scorer" is forbidden: User "ada" cannot get resource "deployments"; have that right given to the user of context "test", or choose another with tollgate:kubernetes.context.',
    ],
    [
      404,
      'deployments.apps "scorer" not found',
      "not-found",
      'The cluster at URL could not read deployments/scorer in namespace shop: deployments.apps "scorer" not found.',
    ],
    [
      409,
      "the object has been modified.",
      "conflict",
      "The cluster at URL could not read deployments/scorer in namespace shop: the object has been modified.",
    ],
    [
      422,
      "spec.replicas: Invalid value: -1",
      "invalid",
      "The cluster at URL refused to read deployments/scorer in namespace shop: spec.replicas: Invalid value: -1.",
    ],
    [
      503,
      "etcd is away",
      "unavailable",
      "The cluster at URL could not read deployments/scorer in namespace shop now (HTTP 503, etcd is away): try again in a moment.",
    ],
  ];
  for (const [number, said, code, message] of refusals) {
    it(`refuses in one sentence when the server answers ${number}`, async () => {
      server.answers[`GET ${path}`] = status(number, said);
      const cluster = await connected();
      assert.deepEqual(await refusal(cluster.request("GET", path)), { code, message });
    });
  }

  it("refuses what isn't an answer of Kubernetes", async () => {
    server.answers[`GET ${path}`] = { body: "<html>Sign in</html>" };
    const { code, message } = await refusal((await connected()).request("GET", path));
    assert.equal(code, "unavailable");
    assert.match(message, /^URL answered something else than a Kubernetes API server would: /);
  });

  it("finds null where nothing is, and only there", async () => {
    const cluster = await connected();
    assert.equal(await cluster.find(path), null);
    server.answers[`GET ${path}`] = status(403, "no");
    assert.equal((await refusal(cluster.find(path))).code, "forbidden");
  });

  it("repeats a read when the server is away for a moment, and no change", async () => {
    let times = 0;
    server.answers[`GET ${path}`] = () =>
      ++times < 3 ? status(503, "starting") : { body: { times } };
    server.answers[`POST ${path}`] = status(503, "starting");
    const cluster = await connected();
    assert.deepEqual(await cluster.request("GET", path), { times: 3 });
    await refusal(cluster.request("POST", path, { body: {} }));
    assert.equal(server.seen.filter(({ method }) => method === "POST").length, 1);
  });

  it("repeats a change that the server was too busy to begin", async () => {
    let times = 0;
    server.answers[`POST ${path}`] = () =>
      ++times < 2 ? status(429, "busy") : { body: { times } };
    assert.deepEqual(await (await connected()).request("POST", path, { body: {} }), { times: 2 });
  });

  it("refuses with the address and the cause when nothing answers", async () => {
    const cluster = await connected();
    const { url } = server;
    await server.close();
    const { code, message } = await refusal(cluster.request("GET", path));
    assert.equal(code, "unreachable");
    assert.equal(
      message.replaceAll(url, "URL"),
      "The cluster at URL doesn't answer (ECONNREFUSED): set KUBECONFIG, tollgate:kubernetes.kubeconfig or tollgate:kubernetes.context to reach it, or put this stack on `tollgate:runtime: local`.",
    );
    server = await startApiServer();
  });

  it("refuses when no answer comes in time, or the caller gives up", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const sockets: { destroy(): void }[] = [];
    silent.on("connection", (socket) => sockets.push(socket));
    const address = server.address("shop");
    const { readFileSync, writeFileSync } = await import("node:fs");
    const text = readFileSync(address.kubeconfig!, "utf8");
    writeFileSync(address.kubeconfig!, text.replace(server.url, `http://127.0.0.1:${port}`));
    const cluster = await connectCluster(address);
    const slow = await refusal(cluster.request("GET", path, { timeoutMs: 100 }));
    assert.match(slow.message, /gave no answer within 0\.1 s: set KUBECONFIG/);
    const signal = AbortSignal.abort();
    const givenUp = await refusal(cluster.request("GET", path, { signal }));
    assert.match(
      givenUp.message,
      /^The request to read deployments\/scorer in namespace shop at .* was given up\.$/,
    );
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it("reads a log with its lines, and that of the run before", async () => {
    server.answers["GET /api/v1/namespaces/shop/pods/web/log"] = { body: "one\ntwo\n" };
    const cluster = await connected();
    assert.equal(await cluster.logs("web", "main", 7), "one\ntwo\n");
    await cluster.logs("web", "main", 7, true);
    assert.deepEqual(
      server.seen.map((each) => each.path.split("?")[1]),
      ["container=main&tailLines=7", "container=main&tailLines=7&previous=true"],
    );
  });
});
