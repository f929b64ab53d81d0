import type { Cluster } from "../../../cluster/cluster";
import { ok, type Part, wrong } from "../../../toolchain/doctor-part";
import { releaserRules } from "../manifests/access";
import type { ClusterSettings } from "../../../config/settings";
import { keepsData } from "../manifests/owned";
import { movedByArgo } from "../manifests/workload";

/** Something that may be done with every object of a kind. */
export interface Right {
  /** API group; empty for Kubernetes' first one. */
  readonly group: string;
  /** Such as `deployments`, or `pods/portforward`. */
  readonly resource: string;
  readonly verb: string;
  /** Only in the environment's namespace, or in the whole cluster? */
  readonly scope: "namespace" | "cluster";
}

/** Reviews under way at the same time. */
const AT_ONCE = 16;

/** Kinds that only some settings need; every other kind of the Role `tollgate-releaser` is always needed. */
const optional: Readonly<Record<string, (settings: ClusterSettings) => boolean>> = {
  limitranges: ({ kubernetes }) => kubernetes.resourceLevel !== "none",
  resourcequotas: ({ kubernetes }) => kubernetes.resourceLevel !== "none",
  persistentvolumeclaims: keepsData,
  statefulsets: keepsData,
  cronjobs: keepsData,
  jobs: ({ trackingServer }) => trackingServer.managed,
  analysistemplates: movedByArgo,
  analysisruns: movedByArgo,
  rollouts: movedByArgo,
  "rollouts/status": movedByArgo,
  horizontalpodautoscalers: ({ kubernetes }) => kubernetes.autoscale !== null,
  poddisruptionbudgets: ({ kubernetes, scorer }) =>
    scorer.replicas > 1 || kubernetes.autoscale !== null,
  ingresses: ({ kubernetes }) => kubernetes.ingress !== null,
  httproutes: ({ kubernetes }) => kubernetes.gateway !== null,
  podmonitors: ({ kubernetes }) => kubernetes.monitoring === "operator",
  prometheusrules: ({ kubernetes }) => kubernetes.monitoring === "operator",
  inferenceservices: ({ kubernetes }) => kubernetes.modelFrom === "kserve",
};

/** What `up` does in the cluster for these settings, right by right: what the Role gives, as far as it is used. */
export function rightsNeeded(settings: ClusterSettings): Right[] {
  const within = releaserRules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources
        .filter((resource) => optional[resource]?.(settings) ?? true)
        .flatMap((resource) =>
          verbs.map((verb): Right => ({ group, resource, verb, scope: "namespace" })),
        ),
    ),
  );
  if (!settings.kubernetes.createNamespace) return within;
  const make = ["get", "create", "patch"].map((verb): Right => ({
    group: "",
    resource: "namespaces",
    verb,
    scope: "cluster",
  }));
  return [...make, ...within];
}

/** Which of these rights the caller has: asked of the API server one by one, as it decides itself. */
export async function rightsPart(cluster: Cluster, rights: readonly Right[]): Promise<Part> {
  const part = "permissions";
  const missing: Right[] = [];
  for (let first = 0; first < rights.length; first += AT_ONCE) {
    const some = rights.slice(first, first + AT_ONCE);
    const allowed = await Promise.all(some.map((right) => mayI(cluster, right)));
    missing.push(...some.filter((_, index) => !allowed[index]));
  }
  if (missing.length === 0) return ok(part, null, `all ${rights.length} that \`up\` needs`);
  const { namespace } = cluster.address;
  const advice =
    `have the user of this context bound to Role tollgate-releaser in namespace ${namespace}, which \`tollgate render\` writes` +
    (missing.some(({ scope }) => scope === "cluster")
      ? ", and have the namespace made and set tollgate:kubernetes.createNamespace to false where that right isn't given"
      : "");
  return wrong(part, "missing", `may not ${inWords(missing)}`, null, advice);
}

async function mayI(cluster: Cluster, { group, resource, verb, scope }: Right): Promise<boolean> {
  const [kind = "", subresource] = resource.split("/");
  const review = await cluster.request<{ status?: { allowed?: boolean } }>(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: {
          resourceAttributes: {
            ...(scope === "namespace" ? { namespace: cluster.address.namespace } : {}),
            ...(subresource === undefined ? {} : { subresource }),
            ...{ group, resource: kind, verb },
          },
        },
      },
    },
  );
  return review.status?.allowed === true;
}

/** Rights with the same verbs together, as kubectl names kinds: `get, list deployments.apps; create secrets`. */
function inWords(rights: readonly Right[]): string {
  const verbsOf = new Map<string, string[]>();
  for (const { group, resource, verb } of rights) {
    const kind = group ? `${resource}.${group}` : resource;
    verbsOf.set(kind, [...(verbsOf.get(kind) ?? []), verb]);
  }
  const kindsOf = new Map<string, string[]>();
  for (const [kind, verbs] of verbsOf) {
    const key = verbs.join(", ");
    kindsOf.set(key, [...(kindsOf.get(key) ?? []), kind]);
  }
  return [...kindsOf].map(([verbs, kinds]) => `${verbs} ${kinds.join(", ")}`).join("; ");
}
