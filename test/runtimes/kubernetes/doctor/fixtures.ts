import path from "node:path";
import type { ClusterSettings, KubernetesSettings } from "../../../../config/settings";
import { diagnoseCluster } from "../../../../runtimes/kubernetes/doctor";
import type { Part } from "../../../../toolchain/doctor-part";
import { clusterSettings, type SettingsChange } from "../../../support/fixtures";
import { fakeProgram, sharedFolder } from "../../../toolchain/helpers";
import { type Contents, readOnlyCluster } from "./read-only-cluster";

export const folder = sharedFolder();
const home = path.join(folder, "home");
export const plugin = fakeProgram(
  path.join(home, "plugins", "resource-kubernetes-v4.25.0"),
  "pulumi-resource-kubernetes",
  "exit 0",
);
const environment = { PULUMI_HOME: home, PATH: "/nowhere" };
export const options = { environment, fix: "doctor --fix" };
export const namespace = "/api/v1/namespaces/churn-model-staging";

/** Everything that any settings below need. */
export const everything: Contents = {
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

export function settingsOf(
  kubernetes: Partial<KubernetesSettings> = {},
  change: SettingsChange = {},
): ClusterSettings {
  return clusterSettings(change, kubernetes);
}

/** Looks at the cluster with everything in it, changed as said. */
export function diagnose(
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

export const { database, artifactStore } = settingsOf();
export const demanding = settingsOf(
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
