import { clusterName, clusterScorers, scorerCluster } from "../envoy/clusters";
import { readLiveRoute } from "../envoy/files";
import type { RouteFile } from "../envoy/route";
import { routeFacts, routeTo } from "../envoy/routes";
import type { RouteInputs } from "../inputs";

/** Where the router sends traffic, by its files. */
export interface ReleasedVersion {
  readonly version: string;
  readonly digest: string;
  /** Addresses of the scorers, `http://host:port`. */
  readonly scorers: readonly string[];
  /** The version that takes over while this one is watched; also when that watch was cut off. */
  readonly fallbackVersion: string | null;
}

/** What is released on a stack at present; null when nothing is. */
export function releasedVersion(stateDir: string): ReleasedVersion | null {
  const { clusters, routes } = readLiveRoute(stateDir);
  const facts = routeFacts(routes);
  if (!facts) return null;
  const name = clusterName(facts.digest);
  const cluster = clusters?.find((each) => each.name === name);
  const { version, digest, fallbackVersion } = facts;
  return { version, digest, fallbackVersion, scorers: cluster ? clusterScorers(cluster) : [] };
}

/** The route of a version that is released, and watched no longer. */
export function releasedRoute({ version, digest, answerSeconds }: RouteInputs): RouteFile {
  return routeTo(clusterName(digest), version, digest, answerSeconds);
}

/** Does the router's configuration say exactly this? What it knows besides doesn't matter. */
export function isReleased(inputs: RouteInputs): boolean {
  const { stateDir, digest, scorers } = inputs;
  const { clusters, routes } = readLiveRoute(stateDir);
  const desired = scorerCluster(digest, scorers);
  const live = clusters?.find(({ name }) => name === desired.name);
  return same(live, desired) && same(routes, releasedRoute(inputs));
}

/** By text: the files are written from these very objects, so that key order is the same. */
function same(live: object | null | undefined, desired: object): boolean {
  return JSON.stringify(live) === JSON.stringify(desired);
}
