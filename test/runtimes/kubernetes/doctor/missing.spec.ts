// One thing missing at a time, of all that some settings need.
import assert from "node:assert/strict";
import type { ClusterSettings } from "../../../../config/settings";
import type { Part } from "../../../../toolchain/doctor-part";
import { demanding, diagnose, namespace, settingsOf } from "./fixtures";

describe("diagnoseCluster, with one thing missing", () => {
  /** What is taken away or changed, and the one part that then isn't there, with what to do. */
  const faults: Record<string, [ClusterSettings, Parameters<typeof diagnose>[1], Partial<Part>]> = {
    "an API server that is too old": [
      settingsOf(),
      { "/version": { gitVersion: "v1.29.3+k3s1" } },
      {
        part: "API server",
        status: "too-old",
        version: "1.29.3+k3s1",
        advice: "use a cluster of Kubernetes 1.30 or newer",
      },
    ],
    "a namespace that somebody else should have made": [
      settingsOf({ createNamespace: false }),
      { [namespace]: undefined },
      {
        part: "namespace",
        status: "missing",
        mend: "kubectl create namespace churn-model-staging",
      },
    ],
    "a namespace that is being deleted": [
      settingsOf(),
      {
        [namespace]: {
          metadata: { name: "churn-model-staging" },
          status: { phase: "Terminating" },
        },
      },
      { part: "namespace", status: "broken", source: "churn-model-staging is being deleted" },
    ],
    "a namespace of another stack": [
      settingsOf(),
      {
        [namespace]: {
          metadata: {
            name: "churn-model-staging",
            labels: { "tollgate.dev/stack": "staging", "app.kubernetes.io/part-of": "price-model" },
          },
        },
      },
      {
        part: "namespace",
        status: "broken",
        source: "churn-model-staging belongs to stack staging of price-model",
        advice: "give this stack one of its own by tollgate:kubernetes.namespace",
      },
    ],
    "a default storage class": [
      settingsOf(),
      {
        "/apis/storage.k8s.io/v1/storageclasses": {
          items: [{ metadata: { name: "slow" } }, { metadata: { name: "fast" } }],
        },
      },
      {
        part: "storage class",
        status: "missing",
        source: "the cluster has no default",
        advice: "set tollgate:kubernetes.storageClass to one of slow, fast",
      },
    ],
    "the storage class that is named": [
      settingsOf({ storageClass: "encrypted" }),
      {},
      {
        part: "storage class",
        status: "missing",
        source: "encrypted",
        advice: "set tollgate:kubernetes.storageClass to one of slow, fast",
      },
    ],
    "any storage class": [
      settingsOf(),
      { "/apis/storage.k8s.io/v1/storageclasses": { items: [] } },
      {
        part: "storage class",
        advice:
          "have a storage class installed, or keep database and artifacts elsewhere by tollgate:database.secret and tollgate:artifactStore.secret",
      },
    ],
    "Argo Rollouts": [
      settingsOf({ rollout: "blueGreen" }),
      { "/apis/argoproj.io/v1alpha1": undefined },
      {
        part: "Argo Rollouts",
        status: "missing",
        source: "argoproj.io/v1alpha1 isn't there (tollgate:kubernetes.rollout is blueGreen)",
        mend: "kubectl create namespace argo-rollouts && kubectl apply -n argo-rollouts -f https://github.com/argoproj/argo-rollouts/releases/latest/download/install.yaml",
        advice: "or set tollgate:kubernetes.rollout to deployment",
      },
    ],
    "the Rollouts of an API group that Argo Workflows shares": [
      settingsOf({ rollout: "canary" }),
      { "/apis/argoproj.io/v1alpha1": { resources: [{ name: "workflows" }] } },
      {
        part: "Argo Rollouts",
        status: "missing",
        source:
          "argoproj.io/v1alpha1 has no rollouts and no analysistemplates (tollgate:kubernetes.rollout is canary)",
      },
    ],
    "a metrics API that answers": [
      demanding,
      { "/apis/metrics.k8s.io/v1beta1": "unavailable" },
      {
        part: "metrics API",
        status: "broken",
        source:
          "metrics.k8s.io/v1beta1 is registered and doesn't answer (tollgate:kubernetes.autoscale scales by CPU)",
        advice: "look at the pods that serve it",
      },
    ],
    "the metrics of requests": [
      settingsOf({ autoscale: { maxReplicas: 4, cpuPercent: null, requestsPerSecond: 50 } }),
      { "/apis/custom.metrics.k8s.io/v1beta1": undefined },
      { part: "custom metrics API", status: "missing", mend: null },
    ],
    "the Prometheus operator": [
      demanding,
      { "/apis/monitoring.coreos.com/v1": undefined },
      { part: "Prometheus operator", status: "missing", mend: null },
    ],
    "the Gateway API": [
      demanding,
      { "/apis/gateway.networking.k8s.io/v1": undefined },
      { part: "Gateway API", status: "missing" },
    ],
    KServe: [
      settingsOf({ modelFrom: "kserve" }),
      { "/apis/serving.kserve.io/v1beta1": undefined },
      { part: "KServe", status: "missing" },
    ],
    "the Gateway that is named": [
      demanding,
      { "/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways/public": undefined },
      {
        part: "Gateway",
        status: "missing",
        source: "public",
        advice: "have it made, or correct tollgate:kubernetes.gateway",
      },
    ],
    "the ingress class": [
      demanding,
      { "/apis/networking.k8s.io/v1/ingressclasses/nginx": undefined },
      { part: "ingress class", status: "missing" },
    ],
    "the priority class": [
      demanding,
      { "/apis/scheduling.k8s.io/v1/priorityclasses/important": undefined },
      { part: "priority class", status: "missing" },
    ],
    "a Secret": [
      demanding,
      { [`${namespace}/secrets/database-address`]: undefined },
      {
        part: "Secret database-address",
        status: "missing",
        source: "not in namespace churn-model-staging",
        advice: "have it made there with the key url",
      },
    ],
    "a key of a Secret": [
      demanding,
      { [`${namespace}/secrets/tls`]: { data: { "tls.crt": "eA==" } } },
      {
        part: "Secret tls",
        status: "missing",
        source: "has no tls.key",
        advice: "have it made there with the keys tls.crt and tls.key",
      },
    ],
  };
  for (const [what, [settings, change, expected]] of Object.entries(faults)) {
    it(`misses ${what}, and nothing else`, async () => {
      const wrong = (await diagnose(settings, change)).filter(({ status }) => status !== "ok");
      assert.deepEqual(wrong.slice(1), []);
      const [found] = wrong as [Part];
      assert.deepEqual({ ...found, ...expected }, found);
      assert.ok(found.mend !== null || found.advice !== undefined, "it says what to do");
    });
  }
});
