import { bodyBytes } from "./limits";
import { discoveryResponse, extension } from "./messages";
import type { Route, RouteFacts, RouteFile } from "./route";
import { tooLargeRoute } from "./too-large";

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

/**
 * All traffic to one version's scorers.
 *
 * @param answerSeconds longest that an answer may take, whatever is tried again in that time
 */
export function routeTo(
  cluster: string,
  version: string,
  digest: string,
  answerSeconds: number,
): RouteFile {
  const facts = { version, digest, fallbackVersion: null };
  return openRoute(cluster, facts, answerSeconds, { retry_policy: scorerRetries });
}

/**
 * All traffic to a version that is being watched, over the fallback cluster: what it can't answer, or answers with 5xx,
 * is asked again of the version before, so that callers don't notice a bad release. What it hasn't answered after
 * `tryMs` is asked of the version before as well, and the first good answer counts: a version that hangs costs callers
 * that time alone, and a request that takes long with either isn't cut.
 */
export function watchedRouteTo(
  cluster: string,
  facts: RouteFacts,
  answerSeconds: number,
  tryMs: number,
): RouteFile {
  return openRoute(cluster, facts, answerSeconds, {
    retry_policy: {
      ...scorerRetries,
      retry_on: `5xx,${scorerRetries.retry_on}`,
      // Each version once: a third time would be the new one again.
      num_retries: 1,
      per_try_timeout: seconds(tryMs / 1000),
      retry_priority: extension(
        "envoy.retry_priorities.previous_priorities",
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        { update_frequency: 1 },
      ),
    },
    hedge_policy: { hedge_on_per_try_timeout: true },
  });
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
  const routes = file?.resources[0]?.virtual_hosts[0]?.routes ?? [];
  const open = routes.find(({ route }) => route !== undefined);
  const facts = open?.metadata?.filter_metadata.tollgate;
  return facts && open?.route ? { ...facts, cluster: open.route.cluster } : null;
}

function openRoute(
  cluster: string,
  facts: RouteFacts,
  answerSeconds: number,
  policies: object,
): RouteFile {
  return routeFile({
    match: { prefix: "/" },
    metadata: { filter_metadata: { tollgate: facts } },
    // Whatever the scorer takes can be asked again: what is kept for that is 1 MiB as Envoy comes.
    request_body_buffer_limit: bodyBytes,
    route: {
      cluster,
      timeout: seconds(answerSeconds),
      // Nothing moves while a scorer works; its own limit comes first.
      idle_timeout: seconds(answerSeconds + 10),
      ...policies,
    },
  });
}

/** As protobuf's JSON writes a duration. */
function seconds(value: number): string {
  return `${value}s`;
}

function routeFile(route: Route): RouteFile {
  return discoveryResponse("envoy.config.route.v3.RouteConfiguration", [
    {
      name: "callers",
      virtual_hosts: [{ name: "callers", domains: ["*"], routes: [tooLargeRoute(), route] }],
    },
  ]);
}
