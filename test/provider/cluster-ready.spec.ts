// When a workload counts as up, and what is said of one that isn't. Cannot prove that a real cluster's objects look like
// these: the specs in test/cluster/ do.
import assert from "node:assert/strict";
import { isReadyNow, waitUntilReady } from "../../provider/cluster-ready";
import type { ClusterReadyInputs } from "../../provider/inputs";
import { clusterReadyType } from "../../provider/types/cluster-ready";
import { MemoryCluster } from "../support/memory-cluster";

const signal = new AbortController().signal;
const namespace = "shop";
const labels = { "app.kubernetes.io/name": "server" };

/** A time limit of nothing: what isn't ready at the first look is told at once. */
function inputs(kind: ClusterReadyInputs["kind"], change: Partial<ClusterReadyInputs> = {}) {
  const cluster = { kubeconfig: null, context: null, namespace };
  const selector = kind === "Job" ? { "batch.kubernetes.io/job-name": "server" } : labels;
  return { cluster, kind, name: "server", selector, timeoutSeconds: 0, ...change };
}

const paths = {
  Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments/server`,
  StatefulSet: `/apis/apps/v1/namespaces/${namespace}/statefulsets/server`,
  Job: `/apis/batch/v1/namespaces/${namespace}/jobs/server`,
};
const upToDate = {
  observedGeneration: 2,
  replicas: 1,
  updatedReplicas: 1,
  availableReplicas: 1,
  updateRevision: "server-2",
};

describe("waitUntilReady", () => {
  let cluster: MemoryCluster;
  beforeEach(() => {
    cluster = new MemoryCluster();
  });

  function put(kind: ClusterReadyInputs["kind"], status: object): void {
    const metadata = {
      name: "server",
      generation: 2,
      annotations: { "deployment.kubernetes.io/revision": "7" },
    };
    cluster.put(paths[kind], { metadata, spec: { replicas: 1 }, status });
  }

  function putPod(name: string, template: Record<string, string>, state: object): void {
    cluster.put(`/api/v1/namespaces/${namespace}/pods/${name}`, {
      metadata: { name, labels: { ...labels, ...template } },
      status: { containerStatuses: [{ name: "main", ready: false, restartCount: 0, state }] },
    });
  }

  function putReplicaSet(name: string, revision: string): void {
    cluster.put(`/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, {
      metadata: {
        name,
        labels: { ...labels, "pod-template-hash": name },
        annotations: { "deployment.kubernetes.io/revision": revision },
      } as { name: string },
    });
  }

  const missing = { waiting: { reason: "ErrImagePull", message: "not found" } };
  const wait = (kind: ClusterReadyInputs["kind"], change: Partial<ClusterReadyInputs> = {}) =>
    waitUntilReady(cluster, inputs(kind, change), signal);

  for (const kind of ["Deployment", "StatefulSet"] as const) {
    it(`is done with a ${kind} whose pods are all of its newest template and available`, async () => {
      put(kind, upToDate);
      await wait(kind);
      assert.equal(await isReadyNow(cluster, inputs(kind)), true);
    });

    for (const [why, change] of [
      ["whose controller hasn't seen the newest template", { observedGeneration: 1 }],
      ["with a pod that isn't available", { availableReplicas: 0 }],
      ["with a pod of the template before", { updatedReplicas: 0 }],
      ["with a pod too many", { replicas: 2 }],
    ] as const) {
      it(`waits for a ${kind} ${why}`, async () => {
        put(kind, { ...upToDate, ...change });
        await assert.rejects(wait(kind, { timeoutSeconds: -1 }), {
          message: `${kind} server isn't ready after -1 s`,
        });
      });
    }
  }

  it("gives up on a Deployment at once when its newest pod can't get its image", async () => {
    put("Deployment", { ...upToDate, availableReplicas: 0 });
    putReplicaSet("old", "6");
    putReplicaSet("new", "7");
    putPod("server-new", { "pod-template-hash": "new" }, missing);
    await assert.rejects(wait("Deployment", { timeoutSeconds: 300 }), {
      message:
        "Deployment server doesn't come up: its pod server-new can't get its image (not found)",
    });
  });

  it("doesn't mind what keeps a pod of the template before from starting", async () => {
    put("Deployment", { ...upToDate, availableReplicas: 0 });
    putReplicaSet("old", "6");
    putReplicaSet("new", "7");
    putPod("server-old", { "pod-template-hash": "old" }, missing);
    await assert.rejects(wait("Deployment", { timeoutSeconds: -1 }), {
      message: "Deployment server isn't ready after -1 s",
    });
    put("StatefulSet", { ...upToDate, availableReplicas: 0 });
    putPod("server-0", { "controller-revision-hash": "server-1" }, missing);
    await assert.rejects(wait("StatefulSet", { timeoutSeconds: -1 }), {
      message: "StatefulSet server isn't ready after -1 s",
    });
  });

  it("tells what a pod waits for when the time is over", async () => {
    put("StatefulSet", { ...upToDate, availableReplicas: 0 });
    cluster.put(`/api/v1/namespaces/${namespace}/pods/server-0`, {
      metadata: { name: "server-0", labels: { ...labels, "controller-revision-hash": "server-2" } },
      status: {
        conditions: [{ type: "PodScheduled", status: "False", message: "no volume is left." }],
      },
    });
    await assert.rejects(wait("StatefulSet", { timeoutSeconds: -1 }), {
      message:
        "StatefulSet server isn't ready after -1 s: its pod server-0 finds no node (no volume is left)",
    });
  });

  it("is done with a Job that is complete", async () => {
    put("Job", { conditions: [{ type: "Complete", status: "True" }] });
    await wait("Job");
  });

  it("tells the last words of a Job that failed", async () => {
    put("Job", { conditions: [{ type: "Failed", status: "True" }] });
    const job = { "batch.kubernetes.io/job-name": "server" };
    putPod("server-x", job, { terminated: { exitCode: 1 } });
    cluster.logTexts.set("server-x/main", "one\nforward only: the schema is newer.\n");
    await assert.rejects(wait("Job"), {
      message:
        "Job server failed: its pod server-x ended with code 1 in container main: forward only: the schema is newer",
    });
  });

  it("stops when it is told to", async () => {
    put("Deployment", { ...upToDate, availableReplicas: 0 });
    const stopped = AbortSignal.abort(new Error("interrupted"));
    await assert.rejects(waitUntilReady(cluster, inputs("Deployment"), stopped), {
      message: "interrupted",
    });
  });
});

describe("isReadyNow", () => {
  it("is not so where there is no such workload", async () => {
    assert.equal(await isReadyNow(new MemoryCluster(), inputs("Job")), false);
  });
});

describe("clusterReadyType", () => {
  it("is a change when another workload is waited for, without asking the cluster", async () => {
    const change = clusterReadyType.diff("id", inputs("Job"), inputs("Job", { name: "other" }));
    assert.deepEqual(await change, { changes: true });
  });
});
