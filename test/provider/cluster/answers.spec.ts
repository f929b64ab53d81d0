// Against real HTTP servers that answer like scorers' pods. How tunnels behave, test/cluster/ shows.
import assert from "node:assert/strict";
import type { WatchedPod } from "../../../provider/release/cluster/counters";
import { checkPods, prepareWatch } from "../../../provider/release/cluster/check-pods";
import { keptRowsOf } from "../../../provider/release/answers";
import type { KeptRows } from "../../../provider/release/kept-rows";
import { type FakeScorer, type ScorerBehaviour, startFakeScorer } from "../../support/fake-scorer";
import { pin } from "../../support/fixtures";
import { keptAnswers, registryWith } from "../../support/kept-answers";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const inputs = releaseInputs({ model: "churn-model", watchSeconds: 1.5, maxP95Ms: 2000 });
const { signal } = new AbortController();

describe("a release in a cluster, with kept answers", function () {
  this.timeout(60_000);
  const scorers: FakeScorer[] = [];
  let registry: Awaited<ReturnType<typeof registryWith>>;
  let kept: KeptRows | null;
  let cluster: MemoryCluster;

  before(async () => {
    registry = await registryWith({ ...keptAnswers(), model: { ...pin, digest: inputs.digest } });
    kept = await keptRowsOf(registry.answers, inputs);
  });
  after(() => registry.close());
  beforeEach(() => {
    cluster = new MemoryCluster();
  });
  afterEach(() => Promise.all(scorers.splice(0).map((scorer) => scorer.stop())));

  /** A ready pod of the release. */
  async function pod(name: string, change: Partial<ScorerBehaviour> = {}): Promise<WatchedPod> {
    const { model, version, digest } = inputs;
    const scorer = await startFakeScorer({ model, version, digest, ...change });
    scorers.push(scorer);
    cluster.put(`/api/v1/namespaces/shop/pods/${name}`, {
      metadata: { name, labels: inputs.selector },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
    return { name, restarts: 0, tunnel: { url: scorer.url, close: () => Promise.resolve() } };
  }

  const watch = async (pods: WatchedPod[]) =>
    (await prepareWatch(cluster, pods, inputs, kept, signal))();

  it("passes pods that give them again, before traffic and in the watch, which asks each pod", async () => {
    const pods = [await pod("a"), await pod("b")];
    await checkPods(cluster, pods, inputs, kept, signal);
    const asked = scorers.map((scorer) => scorer.predicted() + scorer.invoked());
    // 110 for the latency, then 100 rows one by one, 60 small batches and a large one.
    assert.deepEqual(asked, [271, 271]);
    await watch(pods);
    for (const scorer of scorers) assert.ok(scorer.predicted() + scorer.invoked() > 280);
  });

  for (const lies of ["alone", "in company", "by /predict", "by /invocations"] as const) {
    it(`refuses a pod that answers otherwise ${lies}, before traffic`, async () => {
      const pods = [await pod("a"), await pod("b", { lies })];
      await assert.rejects(
        checkPods(cluster, pods, inputs, kept, signal),
        /^Error: its pod b answers row \d+ of its 400 kept answers with [12], where/,
      );
    });
  }

  for (const [title, lie] of [
    ["after some requests", { lies: "always", goodRequests: 8 }],
    ["to rows in company", { lies: "in company" }],
  ] as const) {
    it(`ends the watch of a version of which one pod answers otherwise ${title}`, async () => {
      const pods = [await pod("a"), await pod("b", lie)];
      await assert.rejects(watch(pods), /^Error: it answers row \d+ of its 400 kept answers/);
    });
  }

  it("watches with the sample what has no kept answers", async () => {
    kept = null;
    await watch([await pod("a", { lies: "always" })]);
    assert.equal(scorers[0]!.invoked(), 0);
  });
});
