import type { Cluster } from "../cluster/cluster";
import type { Pod } from "../cluster/pods";
import type { ClusterReadyInputs } from "./inputs";
import {
  condition,
  type Condition,
  type List,
  type Metadata,
  selectorQuery,
} from "./release/cluster/objects";
import { failWhenFinal, isRolledOut, whyNot, withoutPodsMs } from "./release/cluster/workload";
import { podsOf, sentencePart } from "./release/cluster/pods";
import { pause } from "./release/cancellation";

/** A Deployment, a StatefulSet or a Job, as far as it is read here. */
interface AwaitedWorkload {
  readonly metadata: Metadata;
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    /** Of a StatefulSet: name of its newest template. */
    readonly updateRevision?: string;
    readonly conditions?: readonly Condition[];
  };
}

interface ReplicaSet {
  readonly metadata: Metadata;
}

interface Event {
  readonly type?: string;
  readonly message?: string;
}

const pauseMs = 250;

const groups = { Deployment: "apps", StatefulSet: "apps", Job: "batch" } as const;
const plurals = { Deployment: "deployments", StatefulSet: "statefulsets", Job: "jobs" } as const;

/**
 * Waits until a workload's pods are all of its newest template and ready; a Job, until it is done.
 *
 * @throws Error one clause that says why it isn't, at once where waiting can't help
 */
export async function waitUntilReady(
  cluster: Cluster,
  inputs: ClusterReadyInputs,
  signal: AbortSignal,
): Promise<void> {
  const { kind, name, timeoutSeconds } = inputs;
  const started = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const workload = await cluster.request<AwaitedWorkload>("GET", pathOf(inputs), { signal });
    if (isReady(kind, workload)) return;
    const pods = await newestPods(cluster, inputs, workload);
    if (hasFailed(kind, workload)) {
      throw new Error(`${kind} ${name} failed${await whyNot(cluster, pods)}`);
    }
    await failWhenFinal(cluster, pods).catch(inFrontOf(`${kind} ${name}`));
    const waited = Date.now() - started;
    const reason =
      pods.length === 0 && waited > withoutPodsMs ? await refusal(cluster, inputs) : null;
    if (reason) throw new Error(`${kind} ${name} can't make its pods (${reason})`);
    if (waited > timeoutSeconds * 1000) {
      throw new Error(
        `${kind} ${name} isn't ${kind === "Job" ? "done" : "ready"} after ${timeoutSeconds} s${await whyNot(cluster, pods)}`,
      );
    }
    await pause(pauseMs, signal);
  }
}

/** Is it ready or done at this moment? Also false where there is no such workload. */
export async function isReadyNow(cluster: Cluster, inputs: ClusterReadyInputs): Promise<boolean> {
  const workload = await cluster.find<AwaitedWorkload>(pathOf(inputs));
  return workload !== null && isReady(inputs.kind, workload);
}

function isReady(kind: ClusterReadyInputs["kind"], workload: AwaitedWorkload): boolean {
  if (kind === "Job") return condition(workload.status?.conditions, "Complete")?.status === "True";
  return isRolledOut(workload, 1);
}

/** Has its controller seen the newest template? */
function isSeen({ metadata, status }: AwaitedWorkload): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** Pods made from the newest template: what keeps an older one from starting is over. */
async function newestPods(
  cluster: Cluster,
  { kind, selector }: ClusterReadyInputs,
  workload: AwaitedWorkload,
): Promise<readonly Pod[]> {
  if (kind === "Job") return podsOf(cluster, selector);
  if (!isSeen(workload)) return [];
  if (kind === "StatefulSet") {
    const revision = workload.status?.updateRevision;
    return revision ? podsOf(cluster, { ...selector, "controller-revision-hash": revision }) : [];
  }
  const { items } = await cluster.request<List<ReplicaSet>>(
    "GET",
    `/apis/apps/v1/namespaces/${cluster.address.namespace}/replicasets?${selectorQuery(selector)}`,
  );
  const newest = items.find((each) => revisionOf(each) === revisionOf(workload));
  const hash = newest?.metadata.labels?.["pod-template-hash"];
  return hash ? podsOf(cluster, { ...selector, "pod-template-hash": hash }) : [];
}

function revisionOf({ metadata }: ReplicaSet): string | undefined {
  return metadata.annotations?.["deployment.kubernetes.io/revision"];
}

function hasFailed(kind: ClusterReadyInputs["kind"], { status }: AwaitedWorkload): boolean {
  return kind === "Job" && condition(status?.conditions, "Failed")?.status === "True";
}

/** Why no pod could be made: a quota, Pod Security, an admission webhook. Kubernetes reports it in events only. */
async function refusal(
  cluster: Cluster,
  { kind, name, cluster: { namespace } }: ClusterReadyInputs,
): Promise<string | null> {
  // A Deployment's pods are made by its ReplicaSet, and the Deployment says what that one met.
  if (kind === "Deployment") {
    const workload = await cluster.find<AwaitedWorkload>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    );
    const failure = condition(workload?.status?.conditions, "ReplicaFailure");
    return failure?.status === "True" ? sentencePart(failure.message ?? failure.reason) : null;
  }
  const about = `involvedObject.kind=${kind},involvedObject.name=${name},reason=FailedCreate`;
  const { items } = await cluster.request<List<Event>>(
    "GET",
    `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(about)}`,
  );
  const last = items.at(-1);
  return last ? sentencePart(last.message) : null;
}

function inFrontOf(subject: string): (error: Error) => never {
  return (error) => {
    throw new Error(`${subject} doesn't come up: ${error.message}`);
  };
}

function pathOf({ kind, name, cluster: { namespace } }: ClusterReadyInputs): string {
  return `/apis/${groups[kind]}/v1/namespaces/${namespace}/${plurals[kind]}/${name}`;
}
