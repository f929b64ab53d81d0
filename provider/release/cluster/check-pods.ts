import type { Cluster } from "../../../cluster/cluster";
import type { Pod } from "../../../cluster/pods";
import type { ClusterReleaseInputs } from "../../inputs";
import { checkScorer } from "../check-scorers";
import type { KeptRows } from "../kept-rows";
import { askSample, type Detour, ScorerChanged } from "../scorer";
import { onlyAsking, readBaseline, type WatchFacts, watchTraffic } from "../watch";
import { closeTunnels, inspectPods, openTunnels, podsSource, type WatchedPod } from "./counters";

/** Questions go through the API server and the pod's kubelet, which may stand still for longer than a scorer may. */
const checkTimeoutMs = 30_000;
/** Times that a release's pods are waited for and asked, where one is taken away before all were. */
const mostSets = 3;

/**
 * All pods of a release, each of which was asked, and a way to each. The caller closes them.
 *
 * @param found those that are there
 * @param all waits for those that come where one is taken away
 * @throws Error one clause with the pod's name
 */
export async function checkedPods(
  cluster: Cluster,
  found: readonly Pod[],
  all: () => Promise<readonly Pod[]>,
  inputs: ClusterReleaseInputs,
  kept: KeptRows | null,
  signal: AbortSignal,
): Promise<{ pods: readonly Pod[]; watched: readonly WatchedPod[] }> {
  let pods = found;
  for (let set = 1; ; set++) {
    const watched = await openTunnels(cluster, pods, inputs.port);
    try {
      await checkPods(cluster, watched, inputs, kept, signal);
      return { pods, watched };
    } catch (error) {
      await closeTunnels(watched);
      if (!(error instanceof ScorerChanged && error.gone) || set === mostSets) throw error;
      pods = await all();
    }
  }
}

/** What is done where the way to a pod breaks while it is asked: all of `checkTimeoutMs` is there for other tries. */
function wayTo(
  cluster: Cluster,
  pod: WatchedPod,
  labels: Readonly<Record<string, string>>,
): Detour {
  return { repeats: Infinity, inspect: () => inspectPods(cluster, [pod], labels) };
}

/**
 * Asks each pod what `ReleaseCheck` asks scorers of this machine, before traffic.
 *
 * @throws Error one clause with the pod's name; ScorerChanged where it isn't what it was
 */
export async function checkPods(
  cluster: Cluster,
  pods: readonly WatchedPod[],
  inputs: ClusterReleaseInputs,
  kept: KeptRows | null,
  signal: AbortSignal,
): Promise<void> {
  for (const pod of pods) {
    const detour = wayTo(cluster, pod, inputs.selector);
    const how = { timeoutMs: checkTimeoutMs, signal, detour };
    try {
      await checkScorer(pod.tunnel.url, { ...inputs, kept }, how);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ScorerChanged) throw error;
      throw new Error(`its pod ${pod.name} ${(error as Error).message}`);
    }
  }
}

/** Reads what a watch starts from, before callers come; what it returns is the watch. */
export async function prepareWatch(
  cluster: Cluster,
  pods: readonly WatchedPod[],
  { selector, version, watchSeconds, maxErrorRate, maxP95Ms }: ClusterReleaseInputs,
  kept: KeptRows | null,
  signal: AbortSignal,
): Promise<() => Promise<WatchFacts>> {
  const urls = pods.map(({ tunnel }) => tunnel.url);
  const how = { timeoutMs: checkTimeoutMs, signal, detour: wayTo(cluster, pods[0]!, selector) };
  const questions = kept ?? onlyAsking(await askSample(urls[0]!, how));
  const source = podsSource(cluster, pods, selector);
  const baseline = await readBaseline(source);
  return () =>
    watchTraffic(source, baseline, {
      urls,
      detour: true,
      version,
      questions,
      watchSeconds,
      maxErrorRate,
      maxP95Ms,
      signal,
    });
}
