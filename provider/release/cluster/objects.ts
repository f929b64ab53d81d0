import type { ClusterAddress } from "../../../cluster/address";

/** The parts of Kubernetes' objects that a release reads, beside pods, which `cluster/pods.ts` has. */

export interface Metadata {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid: string }[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Service {
  readonly metadata: Metadata;
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

export interface Deployment {
  readonly metadata: Metadata;
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface Rollout {
  readonly metadata: Metadata;
  readonly spec: {
    readonly replicas?: number;
    readonly template: PodTemplate;
    readonly strategy?: { readonly blueGreen?: object };
    /** Argo moves no Service meanwhile. */
    readonly paused?: boolean;
  };
  readonly status?: {
    /** A number, written as a text. */
    readonly observedGeneration?: string;
    readonly phase?: "Healthy" | "Degraded" | "Progressing" | "Paused";
    readonly message?: string;
    readonly abort?: boolean;
    /** Stays until Argo has taken in that an aborted release is tried again. */
    readonly abortedAt?: string | null;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly conditions?: readonly Condition[];
  };
}

export interface ReplicaSet {
  readonly metadata: Metadata;
  readonly spec: { readonly template: PodTemplate };
}

export interface List<T> {
  readonly items: readonly T[];
}

/** Where the API server has a workload of scorers. */
export function workloadPath(
  { namespace }: ClusterAddress,
  kind: "Deployment" | "Rollout",
  name: string,
): string {
  const api = kind === "Rollout" ? "argoproj.io/v1alpha1" : "apps/v1";
  return `/apis/${api}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
}

/** `a=b,c=d` for the query of a list. */
export function selectorQuery(labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  return `labelSelector=${encodeURIComponent(text)}`;
}

/** A condition by its type. */
export function condition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
