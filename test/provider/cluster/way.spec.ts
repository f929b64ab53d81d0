// Pods whose way through the API server breaks, as it does under load: real HTTP servers behind a real TCP relay that resets
// connections.
import assert from "node:assert/strict";
import net, { type AddressInfo } from "node:net";
import type { Cluster } from "../../../cluster/cluster";
import { checkedPods, checkPods, prepareWatch } from "../../../provider/release/cluster/check-pods";
import type { WatchedPod } from "../../../provider/release/cluster/counters";
import { ask } from "../../../provider/release/scorer";
import { type FakeScorer, startFakeScorer } from "../../support/fake-scorer";
import { freePort } from "../../../processes/ports";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const inputs = releaseInputs({ model: "churn-model", watchSeconds: 1, maxP95Ms: 2000 });
const { signal } = new AbortController();

describe("a way to pods that breaks", function () {
  this.timeout(60_000);
  const ends: (() => Promise<unknown>)[] = [];
  let cluster: MemoryCluster;

  beforeEach(() => {
    cluster = new MemoryCluster();
  });
  afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

  /** What the cluster says of a pod. */
  function put(name: string, restarts: number): void {
    cluster.put(`/api/v1/namespaces/shop/pods/${name}`, {
      metadata: { name, labels: inputs.selector },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [{ name: "scorer", restartCount: restarts }],
      },
    });
  }

  /** A ready pod whose way resets the connection instead of carrying each request for which `breaks` says so. */
  async function pod(
    name: string,
    breaks: (request: number) => boolean,
  ): Promise<WatchedPod & { scorer: FakeScorer }> {
    const { model, version, digest } = inputs;
    const scorer = await startFakeScorer({ model, version, digest });
    const url = await relay(new URL(scorer.url), breaks, (end) => ends.push(end));
    ends.push(() => scorer.stop());
    put(name, 0);
    return { name, restarts: 0, scorer, tunnel: { url, close: () => Promise.resolve() } };
  }

  it("is tried again before traffic, and every answer is looked at all the same", async () => {
    const a = await pod("a", (request) => request % 40 === 3);
    await checkPods(cluster, [a], inputs, null, signal);
    assert.equal(a.scorer.predicted(), 110);
    a.scorer.behaviour.lies = "always";
    a.scorer.behaviour.status = 500;
    await assert.rejects(
      checkPods(cluster, [a], inputs, null, signal),
      /^Error: its pod a answers 500/,
    );
  });

  it("is no excuse for a pod that ended", async () => {
    const a = await pod("a", (request) => {
      if (request === 50) put("a", 1);
      return request === 50;
    });
    await assert.rejects(
      checkPods(cluster, [a], inputs, null, signal),
      /^Error: its pod a ended and was started again$/,
    );
  });

  it("leads to the pod that came in the place of one that was taken away", async () => {
    const ways = new Map<string, WatchedPod["tunnel"]>();
    const add = async (name: string, breaks: (request: number) => boolean) => {
      const { tunnel, scorer } = await pod(name, breaks);
      ways.set(name, tunnel);
      return scorer;
    };
    let later: FakeScorer | undefined;
    await add("a", (request) => {
      if (request < 50) return false;
      cluster.objects.delete("/api/v1/namespaces/shop/pods/a");
      return true;
    });
    const withTunnels: Cluster = Object.assign(cluster, {
      tunnel: async (to: { pod: string }) => ways.get(to.pod)!,
    });
    let waits = 0;
    const all = async () => {
      if (++waits === 2) later = await add("b", () => false);
      return (await cluster.request<{ items: never[] }>("GET", "/api/v1/namespaces/shop/pods"))
        .items;
    };
    const { watched } = await checkedPods(withTunnels, await all(), all, inputs, null, signal);
    assert.deepEqual(
      watched.map(({ name }) => name),
      ["b"],
    );
    assert.equal(later!.predicted(), 110);
  });

  it("says how often it was tried when no try leads to an answer in time", async () => {
    const url = `http://127.0.0.1:${await freePort()}/ready`;
    const detour = { repeats: Infinity, inspect: () => Promise.resolve() };
    await assert.rejects(
      ask(url, { timeoutMs: 900, detour }),
      /^Error: does not answer within 900 ms, [1-4] times tried \(ECONNREFUSED\)$/,
    );
  });

  it("harms no version in the watch when it breaks once, and every version when it always does", async () => {
    const once = await pod("a", (request) => request === 12);
    await (
      await prepareWatch(cluster, [once], inputs, null, signal)
    )();
    let watching = false;
    const always = await pod("b", () => watching);
    const watch = await prepareWatch(cluster, [always], inputs, null, signal);
    watching = true;
    await assert.rejects(watch(), /requests failed .*, it does not answer \(/);
  });
});

/**
 * Carries connections to a server.
 *
 * @param breaks is asked with the number of each request, from 1 on
 * @returns its address
 */
async function relay(
  to: URL,
  breaks: (request: number) => boolean,
  closing: (end: () => Promise<unknown>) => void,
): Promise<string> {
  let requests = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((caller) => {
    const called = net.connect(Number(to.port), to.hostname);
    const end = () => {
      caller.resetAndDestroy();
      called.destroy();
    };
    for (const socket of [caller, called]) {
      open.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        open.delete(socket);
        end();
      });
    }
    caller.on("data", (bytes) => {
      if (/^(GET|POST) /.test(bytes.toString("latin1")) && breaks(++requests)) end();
      else called.write(bytes);
    });
    called.on("data", (bytes) => caller.write(bytes));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
