// The cluster is one in memory: that a real API server answers like it is shown by test/cluster.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { ClusterError } from "../../../../cluster/cluster";
import type { KubernetesSettings, Settings } from "../../../../config/settings";
import { diagnoseCluster } from "../../../../runtimes/kubernetes/doctor";
import { rightsNeeded } from "../../../../runtimes/kubernetes/doctor/rights";
import type { ClusterSettings } from "../../../../runtimes/kubernetes/manifests/manifest";
import type { Part } from "../../../../toolchain/doctor-part";
import { clusterSettings } from "../../../support/fixtures";
import { fakeProgram, temporaryFolder } from "../../../toolchain/helpers";
import { type Contents, readOnlyCluster } from "./read-only-cluster";

const folder = temporaryFolder();
const home = path.join(folder, "home");
const plugin = fakeProgram(
  path.join(home, "plugins", "resource-kubernetes-v4.25.0"),
  "pulumi-resource-kubernetes",
  "exit 0",
);
const environment = { PULUMI_HOME: home, PATH: "/nowhere" };
const options = { environment, fix: "doctor --fix" };
const namespace = "/api/v1/namespaces/churn-model-staging";

/** Everything that any settings below need. */
const everything: Contents = {
  "/version": { gitVersion: "v1.33.4" },
  [namespace]: { metadata: { name: "churn-model-staging" } },
  "/apis/storage.k8s.io/v1/storageclasses": {
    items: [
      { metadata: { name: "slow" } },
      {
        metadata: {
          name: "fast",
          annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
        },
      },
    ],
  },
  "/apis/argoproj.io/v1alpha1": {
    resources: [{ name: "rollouts" }, { name: "rollouts/status" }, { name: "analysistemplates" }],
  },
  "/apis/metrics.k8s.io/v1beta1": { resources: [{ name: "nodes" }, { name: "pods" }] },
  "/apis/custom.metrics.k8s.io/v1beta1": { resources: [] },
  "/apis/monitoring.coreos.com/v1": {
    resources: [{ name: "podmonitors" }, { name: "prometheusrules" }],
  },
  "/apis/gateway.networking.k8s.io/v1": { resources: [{ name: "httproutes" }] },
  "/apis/serving.kserve.io/v1beta1": { resources: [{ name: "inferenceservices" }] },
  "/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways/public": {},
  "/apis/networking.k8s.io/v1/ingressclasses/nginx": {},
  "/apis/scheduling.k8s.io/v1/priorityclasses/important": {},
  [`${namespace}/secrets/database-address`]: { data: { url: "eA==" } },
  [`${namespace}/secrets/s3-keys`]: {
    data: { AWS_ACCESS_KEY_ID: "eA==", AWS_SECRET_ACCESS_KEY: "eA==" },
  },
  [`${namespace}/secrets/tls`]: { data: { "tls.crt": "eA==", "tls.key": "eA==" } },
  [`${namespace}/secrets/pull`]: { data: { ".dockerconfigjson": "eA==" } },
};

function settingsOf(
  kubernetes: Partial<KubernetesSettings> = {},
  change: Partial<Settings> = {},
): ClusterSettings {
  return clusterSettings(change, kubernetes) as ClusterSettings;
}

/** Looks at the cluster with everything in it, changed as said. */
function diagnose(
  settings: ClusterSettings,
  change: Partial<Record<string, Contents[string] | undefined>> = {},
): Promise<Part[]> {
  const contents = Object.fromEntries(
    Object.entries({ ...everything, ...change }).filter(([, found]) => found !== undefined),
  ) as Contents;
  return diagnoseCluster(settings, {
    ...options,
    connect: () => Promise.resolve(readOnlyCluster(contents)),
  });
}

const { database, artifactStore } = settingsOf();
const demanding = settingsOf(
  {
    rollout: "canary",
    autoscale: { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null },
    monitoring: "operator",
    gateway: { host: "churn.example.com", name: "public", namespace: "edge" },
    ingress: { host: "churn.example.com", className: "nginx", tlsSecret: "tls" },
    priorityClass: "important",
    imagePullSecrets: ["pull"],
    storageClass: "slow",
  },
  { database: { ...database, secret: "database-address" } },
);

describe("diagnoseCluster", () => {
  it("looks only at what these settings need", async () => {
    assert.deepEqual(
      (await diagnose(settingsOf())).map(({ part, status, version, source }) => [
        ...[part, status, version, source],
      ]),
      [
        ["Kubernetes plugin", "ok", "4.25.0", plugin],
        ["kubeconfig", "ok", "shop", "/home/ada/.kube/shop"],
        ["API server", "ok", "1.33.4", "https://shop.example.com:6443"],
        ["namespace", "ok", null, "churn-model-staging"],
        ["permissions", "ok", null, `all ${rightsNeeded(settingsOf()).length} that \`up\` needs`],
        ["storage class", "ok", null, "fast, the cluster's default"],
      ],
    );
  });

  it("finds everything that demanding settings need", async () => {
    const parts = await diagnose(demanding);
    assert.deepEqual(
      parts.slice(3).map(({ part, status }) => [part, status]),
      [
        ["namespace", "ok"],
        ["permissions", "ok"],
        ["storage class", "ok"],
        ["Argo Rollouts", "ok"],
        ["metrics API", "ok"],
        ["Prometheus operator", "ok"],
        ["Gateway API", "ok"],
        ["priority class", "ok"],
        ["ingress class", "ok"],
        ["Gateway", "ok"],
        ["Secret database-address", "ok"],
        ["Secret tls", "ok"],
        ["Secret pull", "ok"],
      ],
    );
  });

  it("asks for no volumes where database and artifacts are kept elsewhere", async () => {
    const elsewhere = settingsOf(
      {},
      {
        database: { ...database, secret: "database-address" },
        artifactStore: { ...artifactStore, secret: "s3-keys" },
      },
    );
    assert.deepEqual(
      (await diagnose(elsewhere, { "/apis/storage.k8s.io/v1/storageclasses": undefined }))
        .slice(4)
        .map(({ part, source }) => [part, source]),
      [
        ["permissions", `all ${rightsNeeded(elsewhere).length} that \`up\` needs`],
        ["Secret database-address", "url"],
        ["Secret s3-keys", "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"],
      ],
    );
  });

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
      assert.equal(wrong.length, 1);
      const [found] = wrong as [Part];
      assert.deepEqual({ ...found, ...expected }, found);
      assert.ok(found.mend !== null || found.advice !== undefined, "it says what to do");
    });
  }

  it("says that `up` will make the namespace", async () => {
    const parts = await diagnose(settingsOf(), { [namespace]: undefined });
    assert.deepEqual(parts[3], {
      ...{ part: "namespace", status: "ok", version: null, mend: null },
      source: "churn-model-staging: `up` will make it",
    });
  });

  it("takes a namespace that this stack made for its own", async () => {
    const labels = {
      "tollgate.dev/stack": "staging",
      "app.kubernetes.io/part-of": "churn-model",
    };
    const parts = await diagnose(settingsOf(), { [namespace]: { metadata: { labels } } });
    assert.equal(parts[3]?.status, "ok");
  });

  it("doesn't call missing what the user may not look at", async () => {
    const unseen = (
      await diagnose(demanding, {
        [namespace]: "forbidden",
        "/apis/storage.k8s.io/v1/storageclasses": "forbidden",
        "/apis/scheduling.k8s.io/v1/priorityclasses/important": "forbidden",
        [`${namespace}/secrets/tls`]: "forbidden",
      })
    ).filter(({ status }) => status !== "ok");
    assert.deepEqual(
      unseen.map(({ part, status, source }) => [part, status, source]),
      ["namespace", "storage class", "priority class", "Secret tls"].map((part) => [
        ...[part, "unknown", "may not be looked at by the user of this context"],
      ]),
    );
  });

  it("names the rights that are missing, with the Role that gives them", async () => {
    const parts = await diagnoseCluster(settingsOf(), {
      ...options,
      connect: () =>
        Promise.resolve(
          readOnlyCluster(everything, ({ resource, verb }) =>
            resource === "namespaces" || resource === "networkpolicies"
              ? verb === "get"
              : resource !== "pods/portforward",
          ),
        ),
    });
    assert.deepEqual(
      parts.find(({ part }) => part === "permissions"),
      {
        ...{ part: "permissions", status: "missing", version: null, mend: null },
        source:
          "may not create, patch namespaces; list, watch, create, update, patch, delete networkpolicies.networking.k8s.io; get, create pods/portforward",
        advice:
          "have the user of this context bound to Role tollgate-releaser in namespace churn-model-staging, which `tollgate render` writes, and have the namespace made and set tollgate:kubernetes.createNamespace to false where that right isn't given",
      },
    );
  });

  it("ends the list at a cluster that doesn't answer, with the reason", async () => {
    const message = "The cluster at https://shop.example.com:6443 doesn't answer (ECONNREFUSED): …";
    const away = readOnlyCluster(everything);
    const parts = await diagnoseCluster(settingsOf(), {
      ...options,
      connect: () =>
        Promise.resolve({
          ...away,
          request: () => Promise.reject(new ClusterError("unreachable", message)),
        }),
    });
    assert.deepEqual(
      parts.slice(1).map(({ part, status, source }) => [part, status, source]),
      [
        ["kubeconfig", "ok", "/home/ada/.kube/shop"],
        ["API server", "broken", message],
      ],
    );
  });

  it("ends the list at a kubeconfig that isn't there, and still looks for the plugin", async () => {
    const empty = path.join(folder, "empty");
    mkdirSync(empty);
    const parts = await diagnoseCluster(settingsOf(), {
      fix: "doctor --fix --stack staging",
      environment: { PULUMI_HOME: empty, PATH: "/nowhere" },
      connect: () => Promise.reject(new ClusterError("unreachable", "There is no kubeconfig …")),
    });
    assert.deepEqual(parts, [
      {
        ...{ part: "Kubernetes plugin", status: "missing", version: null },
        source: "4.25.0 is not among the engine's plugins",
        mend: "doctor --fix --stack staging",
      },
      {
        ...{ part: "kubeconfig", status: "broken", version: null, mend: null },
        source: "There is no kubeconfig …",
      },
    ]);
  });

  it("passes a mistake of its own on", async () => {
    const connect = () => Promise.reject(new TypeError("a mistake"));
    await assert.rejects(diagnoseCluster(settingsOf(), { ...options, connect }), TypeError);
  });
});
