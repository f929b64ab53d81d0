import assert from "node:assert/strict";
import type { Service } from "../../../provider/release/cluster/objects";
import { scaleLikeBefore } from "../../../provider/release/cluster/scale";
import { hashLabel } from "../../../provider/release/cluster/selectors";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const shared = { "app.kubernetes.io/name": "scorer" };
const generation = (name: string) => ({ ...shared, "tollgate.dev/generation": name });
const deployment = { kind: "Deployment", name: "scorer-new" } as const;
const rollout = { kind: "Rollout", name: "scorer" } as const;
const deployments = "/apis/apps/v1/namespaces/shop/deployments";
const rollouts = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts";

function service(selector?: Record<string, string>): Service {
  return { metadata: { name: "scorer" }, spec: { ...(selector && { selector }) } };
}

describe("scaleLikeBefore", () => {
  let cluster: MemoryCluster;
  beforeEach(() => {
    cluster = new MemoryCluster();
  });

  function workload(path: string, autoscaled = true): void {
    const name = path.split("/").at(-1)!;
    cluster.put(path, { metadata: { name }, spec: { replicas: 1 } } as never);
    if (!autoscaled) return;
    const autoscalers = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers";
    cluster.put(`${autoscalers}/${name}`, { metadata: { name } });
  }

  function pods(count: number, name: string, labels: Record<string, string>): void {
    for (let index = 0; index < count; index += 1) {
      const pod = `${name}-${index}`;
      cluster.put(`/api/v1/namespaces/shop/pods/${pod}`, { metadata: { name: pod, labels } });
    }
  }

  async function scaled(
    callers: Service,
    to: typeof deployment | typeof rollout,
  ): Promise<unknown> {
    const inputs = releaseInputs({ workload: to, selector: generation("new") });
    await scaleLikeBefore(cluster, callers, inputs);
    const path = to.kind === "Rollout" ? `${rollouts}/scorer` : `${deployments}/scorer-new`;
    const found = await cluster.request<{ spec: { replicas: number } }>("GET", path);
    return found.spec.replicas;
  }

  it("gives the next Deployment as many pods as the one before has", async () => {
    workload(`${deployments}/scorer-new`);
    pods(5, "scorer-old", generation("old"));
    pods(1, "scorer-new", generation("new"));
    assert.equal(await scaled(service(generation("old")), deployment), 5);
  });

  it("gives a Deployment as many as Argo's Rollout has, its own not counted", async () => {
    workload(`${deployments}/scorer-new`);
    pods(4, "scorer-7dbb", { ...generation("new"), [hashLabel]: "7dbb" });
    pods(2, "scorer-new", generation("new"));
    assert.equal(await scaled(service(shared), deployment), 4);
  });

  it("gives a Rollout as many as the Deployment has", async () => {
    workload(`${rollouts}/scorer`);
    pods(3, "scorer-old", generation("new"));
    pods(1, "scorer-7dbb", { ...generation("new"), [hashLabel]: "7dbb" });
    assert.equal(await scaled(service(shared), rollout), 1, "Argo has them already");
    assert.equal(await scaled(service(generation("new")), rollout), 3);
  });

  it("changes nothing without an autoscaler, before the first release, or where there are enough", async () => {
    workload(`${deployments}/scorer-new`, false);
    pods(5, "scorer-old", generation("old"));
    assert.equal(await scaled(service(generation("old")), deployment), 1);
    workload(`${deployments}/scorer-new`);
    assert.equal(await scaled(service(), deployment), 1);
    assert.equal(await scaled(service(generation("older")), deployment), 1);
    assert.deepEqual(cluster.changes, []);
  });
});
