import { type DiscoveryResponse, discoveryResponse, extension } from "./messages";

/** What the route says of itself, for `status` and `refresh`. Envoy ignores it. */
export interface RouteFacts {
  readonly version: string;
  readonly digest: string;
  /** The version that takes over what this one could not answer, while it is watched. */
  readonly fallbackVersion: string | null;
}

export interface RouteConfiguration {
  readonly name: "callers";
  readonly virtual_hosts: readonly {
    readonly name: string;
    readonly domains: readonly string[];
    readonly routes: readonly Route[];
  }[];
}

interface Route {
  readonly match: { readonly prefix: "/" };
  readonly metadata?: { readonly filter_metadata: { readonly tollgate: RouteFacts } };
  readonly route?: { readonly cluster: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export type RouteFile = DiscoveryResponse<RouteConfiguration>;

/** Longest a request may take, in seconds. */
const requestTimeoutSeconds = 120;

/** Before the first release and after the last: 503 with a reason, in the form of the router's other errors. */
export function closedRoute(): RouteFile {
  return routeFile({
    match: { prefix: "/" },
    direct_response: {
      status: 503,
      body: { inline_string: "no model version is released here; release one and ask again" },
    },
  });
}

/** All traffic to one version's scorers. */
export function routeTo(cluster: string, version: string, digest: string): RouteFile {
  return openRoute(cluster, { version, digest, fallbackVersion: null }, scorerRetries);
}

/**
 * All traffic to a version that is being watched, over the fallback cluster: what it can't answer, or answers with 5xx,
 * is asked again of the version before, so that callers don't notice a bad release.
 */
export function watchedRouteTo(
  cluster: string,
  version: string,
  digest: string,
  fallbackVersion: string,
): RouteFile {
  return openRoute(
    cluster,
    { version, digest, fallbackVersion },
    {
      ...scorerRetries,
      retry_on: `5xx,${scorerRetries.retry_on}`,
      retry_priority: extension(
        "envoy.retry_priorities.previous_priorities",
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        { update_frequency: 1 },
      ),
    },
  );
}

/**
 * Scoring changes nothing, so a request that got no answer may be asked of another replica. Twice at most: a request
 * that kills its scorer must not kill them all.
 */
const scorerRetries = {
  retry_on: "connect-failure,reset-before-request,reset,refused-stream",
  num_retries: 2,
  retry_back_off: { base_interval: "0.005s", max_interval: "0.05s" },
  retry_host_predicate: [
    extension(
      "envoy.retry_host_predicates.previous_hosts",
      "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
      {},
    ),
  ],
  host_selection_retry_max_attempts: "5",
};

/** What the route file says is released; null when it is closed or not ours. */
export function routeFacts(file: RouteFile | null): (RouteFacts & { cluster: string }) | null {
  const route = file?.resources[0]?.virtual_hosts[0]?.routes[0];
  const facts = route?.metadata?.filter_metadata.tollgate;
  return facts && route.route ? { ...facts, cluster: route.route.cluster } : null;
}

function openRoute(cluster: string, facts: RouteFacts, retries: object): RouteFile {
  return routeFile({
    match: { prefix: "/" },
    metadata: { filter_metadata: { tollgate: facts } },
    route: { cluster, timeout: `${requestTimeoutSeconds}s`, retry_policy: retries },
  });
}

function routeFile(route: Route): RouteFile {
  return discoveryResponse("envoy.config.route.v3.RouteConfiguration", [
    { name: "callers", virtual_hosts: [{ name: "callers", domains: ["*"], routes: [route] }] },
  ]);
}
