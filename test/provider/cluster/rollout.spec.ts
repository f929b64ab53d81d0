import assert from "node:assert/strict";
import type { Rollout } from "../../../provider/release/cluster/objects";
import {
  type EarlierAttempt,
  EndedByArgo,
  ScorerRollout,
} from "../../../provider/release/cluster/rollout";
import { hashLabel } from "../../../provider/release/cluster/selectors";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const path = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/scorer";
const signal = new AbortController().signal;
const none: EarlierAttempt = { cutOff: false, abortedAt: null };
const cutOff: EarlierAttempt = { ...none, cutOff: true };
const then = "2026-01-01T00:00:00Z";
const inputs = releaseInputs({
  workload: { kind: "Rollout", name: "scorer" },
  replicas: 1,
  startTimeoutSeconds: 3600,
});

function rollout(status: Rollout["status"]): Rollout {
  return {
    metadata: { name: "scorer", uid: "u1", generation: 3 },
    spec: { template: { metadata: { labels: { app: "new" } } } },
    status: { observedGeneration: "3", ...status },
  };
}

function replicaSet(name: string, hash: string, revision: number, owner = "u1") {
  return {
    metadata: {
      name,
      labels: { [hashLabel]: hash },
      annotations: { "rollout.argoproj.io/revision": String(revision) },
      ownerReferences: [{ uid: owner }],
    },
    spec: {
      template: { metadata: { labels: { app: hash, [hashLabel]: hash } }, spec: { volumes: [] } },
    },
  };
}

describe("ScorerRollout", () => {
  let cluster: MemoryCluster;
  let scorer: ScorerRollout;
  beforeEach(() => {
    cluster = new MemoryCluster();
    scorer = new ScorerRollout(cluster, "scorer");
    cluster.put("/api/v1/namespaces/shop/pods/a", {
      metadata: { name: "a", labels: { "tollgate.dev/generation": "abc" } },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  });

  const put = (status: Rollout["status"]) => cluster.put(path, rollout(status) as never);

  it("is settled when Argo calls the newest pods stable and healthy", async () => {
    put({ phase: "Healthy", stableRS: "n", currentPodHash: "n" });
    const pods = await scorer.settled(inputs, none, signal);
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.name),
      ["a"],
    );
  });

  it("is sure that Argo runs a release only when exactly its template is stable and healthy", async () => {
    const annotations = { "tollgate.dev/template": inputs.template };
    const running = (status: Rollout["status"], template = annotations) =>
      cluster.put(path, {
        ...rollout(status),
        spec: { template: { metadata: { annotations: template } } },
      } as never);
    const done = { phase: "Healthy", stableRS: "n", currentPodHash: "n" } as const;
    running(done);
    assert.equal(await scorer.runs(inputs), true);
    running(done, { "tollgate.dev/template": "of another release" });
    assert.equal(await scorer.runs(inputs), false);
    running({ ...done, stableRS: "o" });
    assert.equal(await scorer.runs(inputs), false);
    running({ ...done, observedGeneration: "2" });
    assert.equal(await scorer.runs(inputs), false);
    assert.equal(await new ScorerRollout(cluster, "other").runs(inputs), false);
  });

  it("waits for what Argo says of an abort by hand", async () => {
    put({ phase: "Progressing" });
    const settled = scorer.settled(inputs, none, signal);
    const aborted = { abort: true, abortedAt: "2026-01-01T00:00:00Z" };
    setTimeout(() => put({ phase: "Progressing", ...aborted, message: "more to come" }), 100);
    setTimeout(() => put({ phase: "Degraded", ...aborted, message: "RolloutAborted" }), 800);
    await assert.rejects(settled, (error: Error) => {
      assert.ok(error instanceof EndedByArgo);
      return error.message === "Argo Rollouts aborted it (RolloutAborted)";
    });
  });

  it("leaves an abort of a release that was never tried before, however early it came", async () => {
    for (const earlier of [none, { ...none, abortedAt: then }]) {
      put({ phase: "Progressing", abort: true, stableRS: "o" });
      const settled = scorer.settled(inputs, earlier, signal);
      const aborted = { abort: true, abortedAt: "2026-01-01T00:05:00Z" };
      setTimeout(() => put({ phase: "Degraded", ...aborted, message: "RolloutAborted" }), 100);
      await assert.rejects(settled, { abortedAt: aborted.abortedAt });
    }
    assert.deepEqual(cluster.changes, []);
  });

  it("says that nobody looks at it when a second try is not taken in", async () => {
    const aborted = { phase: "Degraded", abortedAt: "2026-01-01T00:00:00Z" } as const;
    put({ ...aborted, abort: true });
    cluster.put(`${path}/status`, rollout({}) as never);
    const settled = scorer.settled({ ...inputs, startTimeoutSeconds: -600 }, cutOff, signal);
    setTimeout(() => put({ ...aborted, abort: false }), 100);
    await assert.rejects(settled, /has not looked at Rollout scorer/);
  });

  it("fails with Argo's own message when it gives a release up", async () => {
    put({ phase: "Degraded", message: "ProgressDeadlineExceeded: timed out.", stableRS: "o" });
    await assert.rejects(scorer.settled(inputs, none, signal), {
      message: "Argo Rollouts gave it up (ProgressDeadlineExceeded: timed out)",
    });
  });

  it("tries an aborted blue-green release again with new pods, since Argo would promote the old ones unasked", async () => {
    const aborted = rollout({ phase: "Degraded", abort: true, message: "RolloutAborted" });
    const { template } = aborted.spec;
    cluster.put(path, { ...aborted, spec: { template, strategy: { blueGreen: {} } } } as never);
    await assert.rejects(scorer.settled(inputs, cutOff, signal), EndedByArgo);
    assert.deepEqual(cluster.changes, [`PATCH ${path}`]);
    const { labels, annotations } = (await scorer.get()).spec.template.metadata!;
    assert.deepEqual(labels, template.metadata!.labels);
    assert.match(annotations!["tollgate.dev/attempt"]!, /^\d{4}-\d\d-\d\dT/);
  });

  it("fails when Argo promoted a release whose analysis had failed", async () => {
    const status = { phase: "Progressing", stableRS: "o", currentPodHash: "n" } as const;
    put(status);
    const settling = scorer.settled(inputs, none, signal);
    put({ ...status, phase: "Healthy", stableRS: "n", abort: true });
    await assert.rejects(settling, (error: Error) => {
      assert.ok(!(error instanceof EndedByArgo));
      assert.match(error.message, /although an analysis of it had failed$/);
      return true;
    });
  });

  it("tries a release again that was aborted before, and fails when it is aborted once more", async () => {
    put({
      phase: "Degraded",
      abort: true,
      abortedAt: then,
      message: "RolloutAborted: metric failed",
    });
    const settled = scorer.settled(inputs, { ...none, abortedAt: then }, signal);
    // Argo's answer to the retry.
    const aborted = setInterval(() => {
      if (!cluster.changes.includes(`PATCH ${path}/status`)) return;
      put({ phase: "Degraded", abort: true, message: "RolloutAborted: metric failed again" });
    }, 10);
    cluster.put(`${path}/status`, rollout({}) as never);
    try {
      await assert.rejects(settled, {
        message: "Argo Rollouts aborted it (RolloutAborted: metric failed again)",
      });
      assert.deepEqual(cluster.changes, [`PATCH ${path}/status`]);
    } finally {
      clearInterval(aborted);
    }
  });

  it("says that nobody looks at it, when the time is up", async () => {
    put({ observedGeneration: "2", phase: "Healthy" });
    await assert.rejects(scorer.settled({ ...inputs, startTimeoutSeconds: -600 }, none, signal), {
      message:
        /^Argo Rollouts has not looked at Rollout scorer for 0 s; see that its controller runs$/,
    });
  });

  it("knows the pods of before while Argo calls them stable", async () => {
    const current = rollout({ stableRS: "old", currentPodHash: "new" });
    assert.equal(await scorer.stableBefore(current), "old");
  });

  it("knows what earlier pods serve by their template", async () => {
    put({});
    const older = replicaSet("b", "old", 2);
    const labels = { "tollgate.dev/version": "7" };
    const annotations = { "tollgate.dev/digest": "sha256:07" };
    cluster.put("/apis/apps/v1/namespaces/shop/replicasets/b", {
      ...older,
      spec: { template: { metadata: { labels, annotations } } },
    });
    assert.deepEqual(await scorer.servedBy("old"), { version: "7", digest: "sha256:07" });
    assert.equal(await scorer.servedBy("gone"), null);
  });

  it("knows them by their revision once the new ones are stable", async () => {
    const sets = "/apis/apps/v1/namespaces/shop/replicasets";
    cluster.put(`${sets}/a`, replicaSet("a", "older", 1));
    cluster.put(`${sets}/b`, replicaSet("b", "old", 2));
    cluster.put(`${sets}/c`, replicaSet("c", "new", 3));
    cluster.put(`${sets}/d`, replicaSet("d", "foreign", 9, "u2"));
    const current = rollout({ stableRS: "new", currentPodHash: "new" });
    assert.equal(await scorer.stableBefore(current), "old");
  });

  it("is held until told otherwise, once Argo has taken that in", async () => {
    put({ phase: "Healthy", observedGeneration: "2" });
    const holding = scorer.hold(signal);
    let isHeld = false;
    void holding.then(() => (isHeld = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = await scorer.get();
    assert.equal(held.spec.paused, true);
    assert.equal(isHeld, false, "Argo may still move the Service");
    const { generation } = held.metadata;
    cluster.put(path, { ...held, status: { observedGeneration: String(generation) } } as never);
    await holding;
    await scorer.letGo();
    const { spec, metadata } = await scorer.get();
    assert.equal(spec.paused, undefined);
    assert.deepEqual(metadata.annotations, {});
  });

  it("is held where Argo's controller is down, which meets the pause when it is back", async () => {
    put({ phase: "Healthy", observedGeneration: "2" });
    await scorer.hold(signal, 0.1);
    assert.equal((await scorer.get()).spec.paused, true);
  });

  it("leaves a pause of others alone, and what isn't there", async () => {
    const paused = rollout({ phase: "Paused" });
    cluster.put(path, { ...paused, spec: { ...paused.spec, paused: true } } as never);
    await scorer.letGo();
    await new ScorerRollout(cluster, "other").hold(signal);
    await new ScorerRollout(cluster, "other").letGo();
    assert.deepEqual(cluster.changes, []);
  });

  it("puts an earlier template back, without Argo's own label", async () => {
    put({});
    const sets = "/apis/apps/v1/namespaces/shop/replicasets";
    cluster.put(`${sets}/b`, replicaSet("b", "old", 2));
    await scorer.putBack("old");
    assert.deepEqual((await scorer.get()).spec.template, {
      metadata: { labels: { app: "old" } },
      spec: { volumes: [] },
    });
    await assert.rejects(scorer.putBack("gone"), /has no pods of before \(gone\) any more/);
  });
});
