import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";

/** One rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const look = ["get", "list", "watch"];
const change = [...look, "create", "update", "patch", "delete"];

/** Everything that an environment is made of, by API group, except Secrets. */
const made: Readonly<Record<string, readonly string[]>> = {
  "": [
    "configmaps",
    "limitranges",
    "persistentvolumeclaims",
    "resourcequotas",
    "serviceaccounts",
    "services",
  ],
  apps: ["deployments", "statefulsets"],
  "argoproj.io": ["analysistemplates", "rollouts"],
  autoscaling: ["horizontalpodautoscalers"],
  batch: ["cronjobs", "jobs"],
  "gateway.networking.k8s.io": ["httproutes"],
  "monitoring.coreos.com": ["podmonitors", "prometheusrules"],
  "networking.k8s.io": ["ingresses", "networkpolicies"],
  policy: ["poddisruptionbudgets"],
  "rbac.authorization.k8s.io": ["roles"],
  "serving.kserve.io": ["inferenceservices"],
};

/** What follows from it, and is only looked at to tell how far it came. */
const followed: readonly Rule[] = [
  { apiGroups: [""], resources: ["endpoints", "events", "pods"], verbs: look },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: ["apps"], resources: ["controllerrevisions", "replicasets"], verbs: look },
  { apiGroups: ["argoproj.io"], resources: ["analysisruns"], verbs: look },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: look },
];

/**
 * Exactly what `tollgate up` needs in the namespace. Making the namespace itself is a right in the whole cluster, and
 * not in here. Roles may be changed, and Kubernetes itself sees to it that nobody puts a right into them that they
 * don't have; bindings may not.
 */
export const releaserRules: readonly Rule[] = [
  ...Object.entries(made).map(([group, resources]) => ({
    apiGroups: [group],
    resources,
    verbs: change,
  })),
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch", "delete"] },
  // To try an aborted release again, as `kubectl argo rollouts retry` does.
  { apiGroups: ["argoproj.io"], resources: ["rollouts/status"], verbs: ["patch"] },
  // The registry and the scorers are asked through a tunnel; over a WebSocket that is a GET.
  { apiGroups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] },
  ...followed,
];

/** All of it to look at. No Secrets, and no tunnel: whoever reaches the registry can write to it. */
export const viewerRules: readonly Rule[] = [
  ...Object.entries(made).map(([group, resources]) => ({
    apiGroups: [group],
    resources,
    verbs: look,
  })),
  ...followed,
];

/** Roles that a platform team binds its groups to; nobody is bound by us. */
export function accessManifests(settings: ClusterSettings): Manifest[] {
  const roles = { "tollgate-releaser": releaserRules, "tollgate-viewer": viewerRules };
  return Object.entries(roles).map(([name, rules]) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: metadataOf(settings, name),
    rules,
  }));
}
