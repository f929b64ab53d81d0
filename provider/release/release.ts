import { RouterAdmin } from "../envoy/admin";
import { type Cluster, countedApart, fallbackCluster, scorerCluster } from "../envoy/clusters";
import type { RouteFile } from "../envoy/route";
import { routeFacts, watchedRouteTo } from "../envoy/routes";
import { reasonOf } from "../failures";
import type { RouteInputs } from "../inputs";
import { keptRowsOf } from "./answers";
import { cancellation } from "./cancellation";
import { openJournal, type ReleaseJournal } from "./journal";
import { addClusters, setRoutes } from "./move";
import { releasedRoute } from "./released";
import { askSample } from "./scorer";
import { undoRelease } from "./undo";
import {
  onlyAsking,
  readBaseline,
  type WatchQuestions,
  watchTraffic,
  type WatchSource,
} from "./watch";

/**
 * Moves traffic to a version and watches it. While it is watched, requests it fails are answered by the version before.
 * The journal stays open afterwards: alias and receipt belong to the release.
 *
 * @param signal ends the release when aborted, and puts the traffic back
 * @throws Error one sentence with what was measured, after the traffic was put back
 */
export async function release(inputs: RouteInputs, signal = cancellation): Promise<void> {
  const { stateDir, version } = inputs;
  const admin = new RouterAdmin(stateDir);
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
      : `version ${version} was put back: ${reasonOf(error)}`;
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
  const questions = await questionsFor(inputs, signal);

  const { routed, parts } = clustersOf(cluster, before?.cluster ?? null);
  await addClusters(stateDir, admin, parts, signal);
  const source = before
    ? sourceBeside(admin, cluster.name, routed)
    : sourceAlone(admin, cluster.name);
  const baseline = await readBaseline(source);
  const watched = before ? watchedRoute(routed, inputs, before.version) : releasedRoute(inputs);
  await setRoutes(stateDir, admin, watched, signal);
  await watchTraffic(source, baseline, {
    urls: [inputs.url],
    detour: false,
    version,
    questions,
    watchSeconds: inputs.watchSeconds,
    maxErrorRate: inputs.maxErrorRate,
    maxP95Ms: inputs.maxP95Ms,
    signal,
  });
  await setRoutes(stateDir, admin, releasedRoute(inputs), signal);
}

/**
 * After so many milliseconds the version before is asked as well. Its answer then counts against the new version, which was
 * slower by that much, so this is far more than one that is merely busy with a large request needs beyond the other.
 */
function tryMs(maxP95Ms: number): number {
  return Math.max(3000, 10 * maxP95Ms);
}

function watchedRoute(cluster: string, inputs: RouteInputs, fallbackVersion: string): RouteFile {
  const { version, digest, maxP95Ms, answerSeconds } = inputs;
  const facts = { version, digest, fallbackVersion };
  return watchedRouteTo(cluster, facts, answerSeconds, tryMs(maxP95Ms));
}

/** What a version is watched through: a fallback cluster where there is one before it. */
function clustersOf(cluster: Cluster, before: Cluster | null) {
  if (!before) return { routed: cluster.name, parts: [cluster] };
  const apart = countedApart(before);
  const fallback = fallbackCluster(cluster.name, apart.name);
  return { routed: fallback.name, parts: [cluster, before, apart, fallback] };
}

/**
 * A request counts against a version where the one before answered it well. What neither can answer says nothing of it:
 * callers could put back every release by sending that. Latency is that of all answers that callers get.
 */
function sourceBeside(admin: RouterAdmin, cluster: string, fallback: string): WatchSource {
  return {
    counters: () => tally(admin, cluster, admin.answeredApart(fallback)),
    latency: () => admin.latency(fallback),
  };
}

/** With nobody beside it, a version is judged by what it doesn't answer at all, and by the watch's own requests. */
function sourceAlone(admin: RouterAdmin, cluster: string): WatchSource {
  return {
    counters: () => tally(admin, cluster, admin.unanswered(cluster)),
    latency: () => admin.latency(cluster),
  };
}

async function tally(admin: RouterAdmin, cluster: string, counted: Promise<number>) {
  const [hosts, errors] = await Promise.all([admin.hostCounters(cluster), counted]);
  return hosts && { requests: hosts.requests, errors };
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

/** Rows whose answers were kept; where there are none, the sample that the scorer offers, if it does. */
async function questionsFor(
  inputs: RouteInputs,
  signal: AbortSignal,
): Promise<WatchQuestions | null> {
  const kept = await keptRowsOf(inputs.answers, inputs);
  if (kept) return kept;
  const scorer = inputs.scorers[0]!;
  try {
    return onlyAsking(await askSample(scorer, { timeoutMs: 5000, signal }));
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`its scorer ${scorer} ${(error as Error).message}`);
  }
}
