import { createHash } from "node:crypto";
import type { Cluster } from "../../../cluster/cluster";
import { canonicalJson } from "../../../strict/canonical";
import { digestLeft, forgetLeft, recordLeft } from "../../left";
import type { ClusterSettings } from "../../../config/settings";

/** What is listed, by the path of its API. Secrets are left out: the provider looks at each by itself. */
const listed: Readonly<Record<string, readonly string[]>> = {
  "api/v1": [
    "configmaps",
    "limitranges",
    "persistentvolumeclaims",
    "resourcequotas",
    "serviceaccounts",
    "services",
  ],
  "apis/apps/v1": ["deployments", "statefulsets"],
  "apis/argoproj.io/v1alpha1": ["analysistemplates", "rollouts"],
  "apis/autoscaling/v2": ["horizontalpodautoscalers"],
  "apis/batch/v1": ["cronjobs", "jobs"],
  "apis/gateway.networking.k8s.io/v1": ["httproutes"],
  "apis/monitoring.coreos.com/v1": ["podmonitors", "prometheusrules"],
  "apis/networking.k8s.io/v1": ["ingresses", "networkpolicies"],
  "apis/policy/v1": ["poddisruptionbudgets"],
  "apis/rbac.authorization.k8s.io/v1": ["roles"],
  "apis/serving.kserve.io/v1beta1": ["inferenceservices"],
};

/** Longest wait for one answer of the API server, in milliseconds. */
const timeoutMs = 5000;

interface Listed {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * Is everything of a stack in its cluster as the last `up` from this machine left it? Then the engine needn't look at
 * each object, which takes about as long as all the rest of an `up` that changes nothing. False whenever it
 * can't be known.
 */
export async function isUntouched(settings: ClusterSettings): Promise<boolean> {
  const left = digestLeft(settings.stateDir, "cluster-seen");
  return left !== "" && left === (await seen(settings));
}

/** Records how an `up` left the cluster. */
export async function recordUntouched(settings: ClusterSettings): Promise<void> {
  const now = await seen(settings);
  if (now !== null) recordLeft(settings.stateDir, "cluster-seen", now);
}

/** To be called before anything is changed: what ends in the middle is to be looked at. */
export function forgetUntouched(stateDir: string): void {
  forgetLeft(stateDir, "cluster-seen");
}

/** One digest of all that was asked for and of whether it runs; null when the cluster doesn't tell. */
async function seen(settings: ClusterSettings): Promise<string | null> {
  const [{ ClusterError }, { connectCluster }] = await Promise.all([
    import("../../../cluster/cluster"),
    import("../../../cluster/connect"),
  ]);
  try {
    const cluster = await connectCluster(settings.kubernetes.cluster);
    const hash = createHash("sha256");
    for (const facts of await factsOf(cluster, settings)) hash.update(canonicalJson(facts));
    return `sha256:${hash.digest("hex")}`;
  } catch (error) {
    if (error instanceof ClusterError) return null;
    throw error;
  }
}

async function factsOf(cluster: Cluster, settings: ClusterSettings): Promise<unknown[]> {
  const { stackLabels } = await import("../manifests/metadata");
  const { selectorQuery } = await import("../../../provider/release/cluster/objects");
  const query = selectorQuery(stackLabels(settings));
  const { namespace } = cluster.address;
  const paths = Object.entries(listed).flatMap(([api, kinds]) =>
    kinds.map((kind) => `/${api}/namespaces/${namespace}/${kind}?${query}`),
  );
  const lists = await Promise.all(
    // A kind that the cluster doesn't know has no objects.
    paths.map((path) => cluster.find<{ items: Listed[] }>(path, { timeoutMs })),
  );
  return lists.map((list, index) => ({
    path: paths[index]!,
    items: (list?.items ?? [])
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(factOf),
  }));
}

/** What people and `up` decide about an object, and whether as many of its pods run as should. */
function factOf({ status, ...object }: Listed): unknown {
  const { name, uid, labels, annotations, deletionTimestamp } = object.metadata;
  const { phase, abort, replicas, readyReplicas } = status ?? {};
  return {
    ...object,
    metadata: { name, uid, labels, annotations, deletionTimestamp },
    status: { phase, abort, replicas, readyReplicas },
  };
}
