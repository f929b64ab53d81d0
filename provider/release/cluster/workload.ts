import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { isReady, type Pod } from "../../../cluster/pods";
import { condition, type Deployment, workloadPath } from "./objects";
import { podsOf, problemOf, sentencePart } from "./pods";
import { pause } from "../cancellation";

const pauseMs = 250;
/**
 * How long a workload may fail to make its pods before that counts: a busy controller takes seconds, and quotas are counted
 * with a delay and tried again after more and more of it.
 */
export const withoutPodsMs = 15_000;

/**
 * Waits until a release's own Deployment has all its pods ready, and nothing but them.
 *
 * @throws Error one clause that says why it has not, with the reason of one of its pods
 */
export async function waitForDeployment(
  cluster: Cluster,
  inputs: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const { startTimeoutSeconds } = inputs;
  const path = deploymentPath(cluster, inputs);
  const started = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const deployment = await cluster.request<Deployment>("GET", path, { signal });
    const pods = await podsOf(cluster, inputs.selector);
    const ready = pods.filter(isReady);
    if (isRolledOut(deployment, inputs.replicas) && ready.length >= inputs.replicas) return ready;
    const waited = Date.now() - started;
    await failWhenFinal(cluster, pods);
    if (waited > withoutPodsMs) failWithoutPods(deployment);
    if (waited > startTimeoutSeconds * 1000) {
      throw new Error(
        `${deployment.status?.availableReplicas ?? 0} of ${wanted(deployment, inputs.replicas)} pods are available after ${startTimeoutSeconds} s (tollgate:scorer.startTimeoutSeconds)${await whyNot(cluster, pods)}`,
      );
    }
    await pause(pauseMs, signal);
  }
}

/** Are all pods of a release's own Deployment there and available at this moment? */
export async function isUp(cluster: Cluster, inputs: ClusterReleaseInputs): Promise<boolean> {
  const deployment = await cluster.find<Deployment>(deploymentPath(cluster, inputs));
  return deployment !== null && isRolledOut(deployment, inputs.replicas);
}

function deploymentPath({ address }: Cluster, { workload }: ClusterReleaseInputs): string {
  return workloadPath(address, "Deployment", workload.name);
}

/** Has the controller seen the newest template, and are all pods made from it and available? */
export function isRolledOut({ metadata, spec, status }: Deployment, replicas: number): boolean {
  const all = wanted({ spec }, replicas);
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) >= all &&
    (status?.availableReplicas ?? 0) >= all &&
    (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0)
  );
}

function wanted({ spec }: Pick<Deployment, "spec">, replicas: number): number {
  return spec.replicas ?? replicas;
}

/** Throws for a pod that won't come up by itself: waiting on would only cost time. */
export async function failWhenFinal(cluster: Cluster, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const problem = await problemOf(cluster, pod);
    if (problem?.final) throw new Error(`its pod ${problem.pod} ${problem.text}`);
  }
}

/** A quota, Pod Security or an admission webhook that lets no pod be made. */
function failWithoutPods({ status }: Deployment): void {
  const failure = condition(status?.conditions, "ReplicaFailure");
  if (failure?.status !== "True") return;
  throw new Error(`its pods can't be made (${sentencePart(failure.message ?? failure.reason)})`);
}

/** `: its pod … …`, of the first pod with a reason. */
export async function whyNot(cluster: Cluster, pods: readonly Pod[]): Promise<string> {
  for (const pod of pods) {
    const problem = await problemOf(cluster, pod);
    if (problem) return `: its pod ${problem.pod} ${problem.text}`;
  }
  return "";
}
