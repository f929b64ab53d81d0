import { setTimeout as sleep } from "node:timers/promises";
import type { RouterAdmin } from "../envoy/admin";
import type { Cluster } from "../envoy/clusters";
import { readLiveRoute, writeClusters, writeRoutes } from "../envoy/files";
import type { RouteFile } from "../envoy/route";
import { routeFacts } from "../envoy/routes";
import { pause } from "./cancellation";

/** Longest wait for the router to take in a file, in milliseconds. New clusters wait for their first health checks. */
const takeInMs = 10_000;

/** Longest wait for the last requests of a cluster that is to go, in milliseconds. */
const drainMs = 5000;
/** Longest pause before a request is tried again, by the route's retry policy, in milliseconds. */
const retryPauseMs = 50;

/** A destination of traffic: the route and every cluster it needs. */
export interface Destination {
  readonly clusters: readonly Cluster[];
  readonly routes: RouteFile;
}

/**
 * Moves traffic without losing a request: first the new clusters beside the present ones, and when those are known and
 * health-checked, the route. What the route no longer needs stays until `dropUnused`.
 *
 * @throws Error when the router doesn't take it in; the files may then say more than the router does
 */
export async function moveTraffic(
  stateDir: string,
  admin: RouterAdmin,
  { clusters, routes }: Destination,
  signal?: AbortSignal,
): Promise<void> {
  await addClusters(stateDir, admin, clusters, signal);
  await setRoutes(stateDir, admin, routes, signal);
}

/** Makes clusters known to the router beside the present ones, and waits for their first health checks. */
export async function addClusters(
  stateDir: string,
  admin: RouterAdmin,
  clusters: readonly Cluster[],
  signal?: AbortSignal,
): Promise<void> {
  const version = writeClusters(stateDir, withOthers(stateDir, clusters));
  await takenIn(
    admin,
    `its clusters (${clusters.map(({ name }) => name).join(", ")})`,
    signal,
    (state) => state.clustersVersion === version && state.warmingClusters === 0,
  );
}

/** Replaces the route and waits until the router has taken it in. */
export async function setRoutes(
  stateDir: string,
  admin: RouterAdmin,
  routes: RouteFile,
  signal?: AbortSignal,
): Promise<void> {
  const version = writeRoutes(stateDir, routes);
  await takenIn(admin, "its route", signal, (state) => state.routesVersion === version);
}

/**
 * Takes the clusters that the live route doesn't need from the router, once their last requests are answered. A request
 * that is about to be tried again would find no cluster, so this waits; clusters that stay busy are left for the next
 * release.
 */
export async function dropUnused(stateDir: string, admin: RouterAdmin): Promise<void> {
  const { clusters, routes } = readLiveRoute(stateDir);
  const routed = routeFacts(routes)?.cluster;
  const kept = (clusters ?? []).filter(({ name }) => name === routed);
  // A fallback cluster needs its two parts: that release isn't over.
  if (kept.some((cluster) => "cluster_type" in cluster)) return;
  const unused = (clusters ?? []).filter(({ name }) => name !== routed).map(({ name }) => name);
  if (unused.length === 0) return;
  const deadline = Date.now() + drainMs;
  for (let quietLooks = 0; quietLooks < 3;) {
    quietLooks = (await activeRequests(admin, unused)) === 0 ? quietLooks + 1 : 0;
    if (Date.now() > deadline) return;
    await sleep(retryPauseMs);
  }
  writeClusters(stateDir, kept);
}

async function activeRequests(admin: RouterAdmin, clusters: readonly string[]): Promise<number> {
  const counters = await Promise.all(clusters.map((name) => admin.hostCounters(name)));
  return counters.reduce((sum, each) => sum + (each?.active ?? 0), 0);
}

function withOthers(stateDir: string, clusters: readonly Cluster[]): Cluster[] {
  const names = new Set(clusters.map(({ name }) => name));
  const others = readLiveRoute(stateDir).clusters ?? [];
  return [...clusters, ...others.filter(({ name }) => !names.has(name))];
}

async function takenIn(
  admin: RouterAdmin,
  what: string,
  signal: AbortSignal | undefined,
  isDone: (state: Awaited<ReturnType<RouterAdmin["state"]>>) => boolean,
): Promise<void> {
  const deadline = Date.now() + takeInMs;
  while (!isDone(await admin.state())) {
    if (Date.now() > deadline) {
      throw new Error(
        `the router did not take in ${what} within ${takeInMs / 1000} s; its log says why`,
      );
    }
    await pause(20, signal);
  }
}
