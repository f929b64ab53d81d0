import type { Cluster } from "../../../cluster/cluster";
import { oneLine } from "../../../cluster/failures";
import { type ContainerStatus, isReady, type Pod } from "../../../cluster/pods";
import { condition, type List, selectorQuery } from "./objects";

/** What keeps a pod from being ready, and whether waiting could help. */
export interface PodProblem {
  readonly pod: string;
  /** A clause that follows the pod's name. */
  readonly text: string;
  /** Is it sure that the pod won't come up by itself? */
  readonly final: boolean;
}

/** Runs of a container that have to fail before it is given up: a registry may be away for a moment. */
const fewestFailedRuns = 3;
/**
 * Words of kubelets and container runtimes for what they try again by themselves and often get: a registry that is away or
 * overloaded, a kubelet that hasn't read a Secret or ConfigMap yet. Kubernetes 1.30 gives no cause between two pulls.
 */
const passing =
  /failed to sync \w+ cache|not registered|timed? ?out|deadline exceeded|connection (refused|reset)|\bEOF\b|too many requests|QPS exceeded|unavailable|\b(429|50[0-4])\b|^Back-off pulling image "[^"]*"$/i;
/** Exit code of a scorer or its download that found other bytes than the pinned ones. */
const exitDigest = 3;

/** Pods with certain labels that aren't being taken away. */
export async function podsOf(
  cluster: Cluster,
  labels: Readonly<Record<string, string>>,
): Promise<Pod[]> {
  const { namespace } = cluster.address;
  const { items } = await cluster.request<List<Pod>>(
    "GET",
    `/api/v1/namespaces/${namespace}/pods?${selectorQuery(labels)}`,
  );
  return items.filter(({ metadata }) => !metadata.deletionTimestamp);
}

/** How often a pod's containers were started again. */
export function restartsOf({ status }: Pod): number {
  return (status?.containerStatuses ?? []).reduce((sum, each) => sum + each.restartCount, 0);
}

/** Why a pod isn't ready; null when it is, or is on its way there. */
export async function problemOf(cluster: Cluster, pod: Pod): Promise<PodProblem | null> {
  if (isReady(pod)) return null;
  const { name } = pod.metadata;
  const scheduled = condition(pod.status?.conditions, "PodScheduled");
  if (scheduled?.status === "False") {
    const reason = sentencePart(scheduled.message ?? scheduled.reason);
    return { pod: name, text: `finds no node (${reason})`, final: false };
  }
  const containers = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ];
  for (const container of containers) {
    const problem = await containerProblem(cluster, name, container);
    if (problem) return { pod: name, ...problem };
  }
  return null;
}

async function containerProblem(
  cluster: Cluster,
  pod: string,
  { name, state, lastState, restartCount }: ContainerStatus,
): Promise<Omit<PodProblem, "pod"> | null> {
  const { reason = "", message = reason } = state?.waiting ?? {};
  const final = !passing.test(message);
  if (/Image/.test(reason)) {
    return { text: `can't get its image (${sentencePart(message)})`, final };
  }
  if (/Config/.test(reason)) return { text: `can't be made (${sentencePart(message)})`, final };
  const ended = state?.terminated ?? lastState?.terminated;
  if (!ended || ended.exitCode === 0) return null;
  const failedRuns = restartCount + (state?.terminated ? 1 : 0);
  const last = await lastLine(cluster, pod, name, !state?.terminated);
  return {
    text: `ended with code ${ended.exitCode} in container ${name}${last ? `: ${last}` : ""}`,
    final: ended.exitCode === exitDigest || failedRuns >= fewestFailedRuns,
  };
}

/** The last thing a container said; our own programs write one sentence when they give up. */
async function lastLine(
  cluster: Cluster,
  pod: string,
  container: string,
  previous: boolean,
): Promise<string | null> {
  const text = await cluster.logs(pod, container, 5, previous).catch(() => "");
  const line = text
    .trimEnd()
    .split("\n")
    .findLast((each) => each.trim() !== "");
  return line ? sentencePart(messageIn(line)) : null;
}

/** Our scorers log lines of JSON. */
function messageIn(line: string): string {
  try {
    const { message } = JSON.parse(line) as { message?: unknown };
    return typeof message === "string" ? message : line;
  } catch {
    return line;
  }
}

/** A text of others inside a sentence of ours; `unknown` where there is none. */
export function sentencePart(text: string | undefined): string {
  return oneLine(text ?? "unknown", 300);
}
