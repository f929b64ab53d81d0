import { RouterAdmin } from "../envoy/admin";
import { type Cluster, fallbackCluster, scorerCluster } from "../envoy/clusters";
import { routeFacts, routeTo, watchedRouteTo } from "../envoy/routes";
import type { RouteInputs } from "../inputs";
import { cancellation } from "./cancellation";
import { openJournal, type ReleaseJournal } from "./journal";
import { addClusters, setRoutes } from "./move";
import { askSample } from "./scorer";
import { undoRelease } from "./undo";
import { readBaseline, watchTraffic, type WatchSource } from "./watch";

/**
 * Moves traffic to a version and watches it. While it is watched, requests it fails are answered by the version before.
 * The journal stays open afterwards: alias and receipt belong to the release.
 *
 * @param signal ends the release when aborted, and puts the traffic back
 * @throws Error one sentence with what was measured, after the traffic was put back
 */
export async function release(inputs: RouteInputs, signal = cancellation): Promise<void> {
  const { stateDir, version } = inputs;
  const admin = new RouterAdmin(inputs.adminUrl);
  // Nothing is written down or changed while the router is not there.
  await admin.state();
  signal.throwIfAborted();
  const journal = openJournal(stateDir, inputs);
  try {
    await moveAndWatch(inputs, admin, journal, signal);
  } catch (error) {
    const outcome = await undoRelease({ stateDir, cluster: null });
    const reason = signal.aborted
      ? `the release of version ${version} was interrupted`
      : `version ${version} was put back: ${(error as Error).message}`;
    throw new Error(`${reason}; ${outcome ?? "nothing was changed"}`);
  }
}

async function moveAndWatch(
  inputs: RouteInputs,
  admin: RouterAdmin,
  journal: ReleaseJournal,
  signal: AbortSignal,
): Promise<void> {
  const { stateDir, version, digest, scorers } = inputs;
  const cluster = scorerCluster(digest, scorers);
  const before = previousRelease(journal, cluster.name);
  const routed = before ? fallbackCluster(cluster.name, before.cluster.name) : cluster;
  const parts = before ? [cluster, before.cluster, routed] : [cluster];
  const sample = await sampleOf(scorers[0]!, signal);

  await addClusters(stateDir, admin, parts, signal);
  const source = routerSource(admin, cluster.name, routed.name);
  const baseline = await readBaseline(source);
  const watched = before
    ? watchedRouteTo(routed.name, version, digest, before.version)
    : routeTo(cluster.name, version, digest);
  await setRoutes(stateDir, admin, watched, signal);
  await watchTraffic(source, baseline, {
    url: inputs.url,
    detour: false,
    version,
    sample,
    watchSeconds: inputs.watchSeconds,
    maxErrorRate: inputs.maxErrorRate,
    maxP95Ms: inputs.maxP95Ms,
    signal,
  });
  await setRoutes(stateDir, admin, routeTo(cluster.name, version, digest), signal);
}

/** Errors of the version's own scorers count, and the latency of whatever the route names: that, or a fallback cluster. */
function routerSource(admin: RouterAdmin, cluster: string, routed: string): WatchSource {
  return {
    counters: () => admin.hostCounters(cluster),
    latency: () => admin.latency(routed),
  };
}

/** What was released before and can take over: null at the first release, or when it is the same scorers. */
function previousRelease(
  { previous }: ReleaseJournal,
  name: string,
): { version: string; cluster: Cluster } | null {
  const before = routeFacts(previous.routes);
  const cluster = previous.clusters.find((each) => each.name === before?.cluster);
  const usable = before && cluster && cluster.name !== name && !("cluster_type" in cluster);
  return usable ? { version: before.version, cluster } : null;
}

async function sampleOf(scorer: string, signal: AbortSignal) {
  try {
    return await askSample(scorer, { timeoutMs: 5000, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`its scorer ${scorer} ${(error as Error).message}`);
  }
}
