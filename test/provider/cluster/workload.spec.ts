import assert from "node:assert/strict";
import type { Deployment } from "../../../provider/release/cluster/objects";
import { isRolledOut, isUp, waitForDeployment } from "../../../provider/release/cluster/workload";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const deploymentPath = "/apis/apps/v1/namespaces/shop/deployments/scorer-abc";
const signal = new AbortController().signal;

const rolledOut: Deployment = {
  metadata: { name: "scorer-abc", generation: 2 },
  spec: { replicas: 2 },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
};

function podPath(name: string): string {
  return `/api/v1/namespaces/shop/pods/${name}`;
}

function pod(name: string, ready: boolean, more: object = {}) {
  return {
    metadata: { name, labels: { "tollgate.dev/generation": "abc" }, ...more },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

describe("isRolledOut", () => {
  it("is so when the newest template was seen and all pods are made from it and available", () => {
    assert.equal(isRolledOut(rolledOut, 2), true);
  });

  const changes: [string, Partial<Deployment["status"]>][] = [
    ["the controller has not seen the newest template", { observedGeneration: 1 }],
    ["a pod is not available", { availableReplicas: 1 }],
    ["a pod is of the template before", { updatedReplicas: 1 }],
    ["a pod of the template before is still there", { replicas: 3 }],
  ];
  for (const [what, change] of changes) {
    it(`is not so while ${what}`, () => {
      assert.equal(
        isRolledOut({ ...rolledOut, status: { ...rolledOut.status, ...change } }, 2),
        false,
      );
    });
  }

  it("goes by the Deployment's own number of pods where something scales it", () => {
    const scaled = { ...rolledOut, spec: { replicas: 3 } };
    assert.equal(isRolledOut(scaled, 2), false);
  });
});

describe("isUp", () => {
  it("is so when the release's own Deployment has all its pods", async () => {
    const cluster = new MemoryCluster();
    cluster.put(deploymentPath, rolledOut as never);
    assert.equal(await isUp(cluster, releaseInputs()), true);
  });

  it("is not so while a pod is missing, or without the Deployment", async () => {
    const cluster = new MemoryCluster();
    assert.equal(await isUp(cluster, releaseInputs()), false);
    const status = { ...rolledOut.status, availableReplicas: 1 };
    cluster.put(deploymentPath, { ...rolledOut, status } as never);
    assert.equal(await isUp(cluster, releaseInputs()), false);
  });
});

describe("waitForDeployment", () => {
  let cluster: MemoryCluster;
  beforeEach(() => {
    cluster = new MemoryCluster();
    cluster.put(deploymentPath, rolledOut as never);
  });

  it("returns the ready pods of the release, and none that is going", async () => {
    for (const name of ["a", "b"]) cluster.put(podPath(name), pod(name, true));
    cluster.put(podPath("c"), pod("c", true, { deletionTimestamp: "2026-01-02T03:04:05Z" }));
    const pods = await waitForDeployment(cluster, releaseInputs(), signal);
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.name),
      ["a", "b"],
    );
  });

  it("says how many are ready and why another is not, when the time is up", async () => {
    cluster.put(podPath("a"), pod("a", true));
    const conditions = [{ type: "PodScheduled", status: "False", message: "Insufficient memory." }];
    cluster.put(podPath("b"), { ...pod("b", false), status: { conditions } });
    await assert.rejects(waitForDeployment(cluster, releaseInputs(), signal), {
      message:
        "2 of 2 pods are available after 0 s (tollgate:scorer.startTimeoutSeconds): its pod b finds no node (Insufficient memory)",
    });
  });

  it("does not wait for an image that isn't there", async () => {
    const waiting = { reason: "ErrImagePull", message: "not found" };
    const status = {
      containerStatuses: [{ name: "scorer", ready: false, restartCount: 0, state: { waiting } }],
    };
    cluster.put(podPath("a"), { ...pod("a", false), status });
    const inputs = releaseInputs({ startTimeoutSeconds: 3600 });
    await assert.rejects(waitForDeployment(cluster, inputs, signal), {
      message: "its pod a can't get its image (not found)",
    });
  });

  it("ends when the command is interrupted", async () => {
    const controller = new AbortController();
    controller.abort(new Error("interrupted"));
    await assert.rejects(waitForDeployment(cluster, releaseInputs(), controller.signal), {
      message: "interrupted",
    });
  });
});
