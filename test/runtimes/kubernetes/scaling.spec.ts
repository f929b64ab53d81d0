// Autoscaler and disruption budget as data. Cannot prove that a cluster scales: that wants its metrics.
import assert from "node:assert/strict";
import { scalingManifests } from "../../../runtimes/kubernetes/manifests/scaling";
import { workloadRefOf } from "../../../runtimes/kubernetes/manifests/workload";
import { served, settingsOf, withReplicas } from "./served";

const byCpu = { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null };
const byRequests = { maxReplicas: 4, cpuPercent: null, requestsPerSecond: 12.5 };

interface AutoscalerSpec {
  readonly scaleTargetRef: object;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: object[];
}

function autoscalerOf(...change: Parameters<typeof withReplicas>): AutoscalerSpec {
  const manifests = scalingManifests(withReplicas(...change), served);
  const found = manifests.find(({ kind }) => kind === "HorizontalPodAutoscaler");
  return found!["spec"] as AutoscalerSpec;
}

describe("scalingManifests", () => {
  it("are none for a single scorer that isn't scaled", () => {
    assert.deepEqual(scalingManifests(settingsOf(), served), []);
  });

  it("let one of several scorers be away, of whichever generation", () => {
    const [budget, ...others] = scalingManifests(withReplicas(2), served);
    assert.deepEqual(others, []);
    assert.equal(budget!.kind, "PodDisruptionBudget");
    assert.deepEqual(budget!["spec"], {
      maxUnavailable: 1,
      selector: { matchLabels: { "app.kubernetes.io/name": "scorer" } },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });

  it("scale each workload by the share of the processor it asked for", () => {
    for (const rollout of ["deployment", "canary"] as const) {
      const settings = withReplicas(2, { rollout, autoscale: byCpu });
      assert.deepEqual(autoscalerOf(2, { rollout, autoscale: byCpu }), {
        scaleTargetRef: { ...workloadRefOf(settings, served) },
        minReplicas: 2,
        maxReplicas: 4,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
          },
        ],
      });
    }
  });

  it("scale by what the settings say where containers ask for nothing", () => {
    const { metrics } = autoscalerOf(1, { autoscale: byCpu, resourceLevel: "none" });
    assert.deepEqual(metrics, [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "AverageValue", averageValue: "350m" } },
      },
    ]);
  });

  it("write quantities as Kubernetes itself does, or it would look changed for ever", () => {
    const { metrics } = autoscalerOf(1, { autoscale: { ...byRequests, requestsPerSecond: 20 } });
    assert.ok(JSON.stringify(metrics).includes('"averageValue":"20"'));
  });

  it("scale by requests per second when they are what counts", () => {
    assert.deepEqual(autoscalerOf(1, { autoscale: byRequests }).metrics, [
      {
        type: "Pods",
        pods: {
          metric: { name: "tollgate_scorer_requests_per_second" },
          target: { type: "AverageValue", averageValue: "12500m" },
        },
      },
    ]);
  });

  it("never scale below what the settings ask for", () => {
    const { minReplicas, maxReplicas } = autoscalerOf(6, { autoscale: byCpu });
    assert.deepEqual([minReplicas, maxReplicas], [6, 6]);
  });

  it("leave scaling to KServe where it runs the scorers", () => {
    const settings = withReplicas(2, { modelFrom: "kserve", autoscale: byCpu });
    assert.deepEqual(
      scalingManifests(settings, served).map(({ kind }) => kind),
      ["PodDisruptionBudget"],
    );
  });
});
