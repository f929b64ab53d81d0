import { type Cluster, ClusterError } from "../../../cluster/cluster";
import type { KubernetesSettings } from "../../../config/settings";
import { ok, type Part, wrong } from "../../../toolchain/doctor-part";
import { notSeen } from "./not-seen";

/** An API that not every cluster has, and that some settings need. */
interface OptionalApi {
  readonly part: string;
  readonly group: string;
  readonly version: string;
  /** Resources it must have. */
  readonly resources: readonly string[];
  /** Are objects of it made? Without it they can't be; with the others, something only stands still. */
  readonly made: boolean;
  readonly needed: (settings: KubernetesSettings) => boolean;
  /** Why it is needed: the setting. */
  readonly because: (settings: KubernetesSettings) => string;
  readonly mend: string | null;
  /** What to do instead, or where no command does it. */
  readonly advice: string;
}

const MANIFESTS = {
  argo: "https://github.com/argoproj/argo-rollouts/releases/latest/download/install.yaml",
  metrics:
    "https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
  gateway:
    "https://github.com/kubernetes-sigs/gateway-api/releases/latest/download/standard-install.yaml",
};

const optionalApis: readonly OptionalApi[] = [
  {
    part: "Argo Rollouts",
    made: true,
    ...{ group: "argoproj.io", version: "v1alpha1", resources: ["rollouts", "analysistemplates"] },
    needed: ({ rollout, modelFrom }) => rollout !== "deployment" && modelFrom !== "kserve",
    because: ({ rollout }) => `tollgate:kubernetes.rollout is ${rollout}`,
    mend: `kubectl create namespace argo-rollouts && kubectl apply -n argo-rollouts -f ${MANIFESTS.argo}`,
    advice: "or set tollgate:kubernetes.rollout to deployment",
  },
  {
    part: "metrics API",
    made: false,
    ...{ group: "metrics.k8s.io", version: "v1beta1", resources: ["pods"] },
    needed: ({ autoscale }) => autoscale !== null && autoscale.cpuPercent !== null,
    because: () => "tollgate:kubernetes.autoscale scales by CPU",
    mend: `kubectl apply -f ${MANIFESTS.metrics}`,
    advice: "or remove tollgate:kubernetes.autoscale",
  },
  {
    part: "custom metrics API",
    made: false,
    ...{ group: "custom.metrics.k8s.io", version: "v1beta1", resources: [] },
    needed: ({ autoscale }) => autoscale !== null && autoscale.requestsPerSecond !== null,
    because: () => "tollgate:kubernetes.autoscale scales by requests",
    mend: null,
    advice:
      "install a metrics adapter such as prometheus-adapter, or set tollgate:kubernetes.autoscale.cpuPercent instead",
  },
  {
    part: "Prometheus operator",
    made: true,
    ...{ group: "monitoring.coreos.com", version: "v1" },
    resources: ["podmonitors", "prometheusrules"],
    needed: ({ monitoring }) => monitoring === "operator",
    because: () => "tollgate:kubernetes.monitoring is operator",
    mend: null,
    advice: "install the Prometheus operator, or set tollgate:kubernetes.monitoring to annotations",
  },
  {
    part: "Gateway API",
    made: true,
    ...{ group: "gateway.networking.k8s.io", version: "v1", resources: ["httproutes"] },
    needed: ({ gateway }) => gateway !== null,
    because: () => "tollgate:kubernetes.gateway is set",
    mend: `kubectl apply -f ${MANIFESTS.gateway}`,
    advice: "or set tollgate:kubernetes.ingress instead",
  },
  {
    part: "KServe",
    made: true,
    ...{ group: "serving.kserve.io", version: "v1beta1", resources: ["inferenceservices"] },
    needed: ({ modelFrom }) => modelFrom === "kserve",
    because: () => "tollgate:kubernetes.modelFrom is kserve",
    mend: null,
    advice: "install KServe, or set tollgate:kubernetes.modelFrom to registry",
  },
];

/** The APIs that these settings need beyond Kubernetes' own, each as a part. */
export function apiParts(cluster: Cluster, settings: KubernetesSettings): Promise<Part[]> {
  const needed = optionalApis.filter((api) => api.needed(settings));
  return Promise.all(
    needed.map((api) => apiPart(cluster, api, api.because(settings)).catch(notSeen(api.part))),
  );
}

/**
 * What these settings make objects of and the cluster doesn't know, a sentence each. Asked for before anything is
 * made: the engine would make the rest first, and then wait a minute for such a kind to appear.
 */
export async function missingKinds(
  cluster: Cluster,
  settings: KubernetesSettings,
): Promise<string[]> {
  const needed = optionalApis.filter((api) => api.made && api.needed(settings));
  const parts = await Promise.all(
    needed.map((api) => apiPart(cluster, api, api.because(settings)).catch(notSeen(api.part))),
  );
  return parts
    .filter(({ status }) => status === "missing")
    .map(({ part, source, mend, advice }) => {
      const what = [mend && `run \`${mend}\``, advice].filter(Boolean).join(", ");
      return `The cluster at ${cluster.server} lacks ${part}: ${source}; ${what}.`;
    });
}

async function apiPart(
  cluster: Cluster,
  { part, group, version, resources, mend, advice }: OptionalApi,
  because: string,
): Promise<Part> {
  const api = `${group}/${version}`;
  let found: { resources?: { name: string }[] } | null;
  try {
    found = await cluster.find(`/apis/${api}`);
  } catch (error) {
    // Registered, and what should answer for it doesn't.
    if (!(error instanceof ClusterError) || error.code !== "unavailable") throw error;
    const source = `${api} is registered and doesn't answer (${because})`;
    return wrong(part, "broken", source, null, "look at the pods that serve it");
  }
  const there = new Set(found?.resources?.map(({ name }) => name));
  const absent = resources.filter((name) => !there.has(name));
  if (found && absent.length === 0) return ok(part, version, group);
  const what = found ? `${api} has no ${absent.join(" and no ")}` : `${api} isn't there`;
  return wrong(part, "missing", `${what} (${because})`, mend, advice);
}
