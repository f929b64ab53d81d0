import assert from "node:assert/strict";
import { retreated } from "../../../provider/release/cluster/retreat";
import { MemoryCluster } from "../../support/memory-cluster";
import { releaseInputs } from "./fixtures";

const signal = new AbortController().signal;
const inputs = releaseInputs({ workload: { kind: "Rollout", name: "scorer" } });
const pod = "/api/v1/namespaces/shop/pods/canary";

describe("retreated", () => {
  let cluster: MemoryCluster;
  beforeEach(() => {
    cluster = new MemoryCluster();
    const labels = { app: "scorer", hash: "new", "tollgate.dev/generation": "abc" };
    cluster.put(pod, { metadata: { name: "canary", labels } });
  });

  const select = (selector: Record<string, string>) =>
    cluster.put("/api/v1/namespaces/shop/services/scorer", {
      metadata: { name: "scorer" },
      spec: { selector },
    });

  it("is so at once where the Service leads to the old pods alone", async () => {
    select({ app: "scorer", hash: "old" });
    assert.equal(await retreated(cluster, inputs, signal), true);
  });

  it("waits for a canary's pods to go", async () => {
    select({ app: "scorer" });
    const waiting = retreated(cluster, { ...inputs, startTimeoutSeconds: 60 }, signal);
    setTimeout(() => cluster.objects.delete(pod), 100);
    assert.equal(await waiting, true);
  });

  it("gives up when they stay", async () => {
    select({ app: "scorer" });
    assert.equal(await retreated(cluster, { ...inputs, startTimeoutSeconds: -1 }, signal), false);
  });
});
