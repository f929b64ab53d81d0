import net from "node:net";
import { type DiscoveryResponse, discoveryResponse, extension } from "./messages";

/** A cluster as the file holds it; only what we read back is typed. */
export interface Cluster {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** Name of the cluster of one version's scorers: by digest, as two versions of equal bytes are the same thing. */
export function clusterName(digest: string): string {
  return `scorer-${digest.replace(/^sha256:/, "").slice(0, 12)}`;
}

/** Content of the watched cluster file. */
export function clusterConfiguration(clusters: readonly Cluster[]): DiscoveryResponse<Cluster> {
  return discoveryResponse("envoy.config.cluster.v3.Cluster", clusters);
}

/** High enough that a killed replica's requests can all be tried again; Envoy's default is 3 at a time. */
const circuitBreakers = {
  thresholds: [
    { max_connections: 4096, max_pending_requests: 4096, max_requests: 4096, max_retries: 4096 },
  ],
};

/**
 * The scorers of one version: round robin over those whose `/ready` answers 200.
 *
 * @param scorers addresses such as `http://127.0.0.1:41000`
 */
export function scorerCluster(digest: string, scorers: readonly string[]): Cluster {
  const addresses = scorers.map((scorer) => new URL(scorer));
  const named = addresses.some(({ hostname }) => net.isIP(bare(hostname)) === 0);
  const name = clusterName(digest);
  return {
    name,
    type: named ? "STRICT_DNS" : "STATIC",
    connect_timeout: "1s",
    lb_policy: "ROUND_ROBIN",
    circuit_breakers: circuitBreakers,
    // With not one ready scorer Envoy tries them all the same: better than a certain 503.
    common_lb_config: { healthy_panic_threshold: { value: 1 } },
    ignore_health_on_host_removal: true,
    health_checks: [
      {
        timeout: "1s",
        interval: "1s",
        no_traffic_interval: "1s",
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        http_health_check: { path: "/ready" },
      },
    ],
    // A scorer that drops connections is left out for a moment, before its health checks fail. An answer of 500 is the
    // model's and no reason.
    outlier_detection: {
      consecutive_gateway_failure: 3,
      enforcing_consecutive_gateway_failure: 100,
      enforcing_consecutive_5xx: 0,
      enforcing_success_rate: 0,
      interval: "1s",
      base_ejection_time: "2s",
      max_ejection_percent: 50,
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        // Shorter than the 5 s after which the scorer closes an idle connection, so that no request meets the close.
        common_http_protocol_options: { idle_timeout: "4s" },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: addresses.map((address) => ({
            endpoint: {
              address: {
                socket_address: {
                  address: bare(address.hostname),
                  port_value: Number(address.port || 80),
                },
              },
            },
          })),
        },
      ],
    },
  };
}

/**
 * The scorers of the version before, as a part of a fallback cluster whose answers are counted apart: Envoy does that for
 * endpoints that are marked as canaries, in `cluster.<fallback cluster>.canary`.
 */
export function countedApart(cluster: Cluster): Cluster {
  const name = `${cluster.name}-before`;
  const assignment = cluster["load_assignment"] as LoadAssignment;
  const metadata = { filter_metadata: { "envoy.lb": { canary: true } } };
  return {
    ...cluster,
    name,
    load_assignment: {
      ...assignment,
      cluster_name: name,
      endpoints: assignment.endpoints?.map(({ lb_endpoints }) => ({
        lb_endpoints: lb_endpoints.map((each) => ({ ...each, metadata })),
      })),
    },
  };
}

/** Two clusters in one: the first while it is well, and the second for what the first could not answer. */
export function fallbackCluster(first: string, second: string): Cluster {
  return {
    name: `${first}-over-${second}`,
    connect_timeout: "1s",
    lb_policy: "CLUSTER_PROVIDED",
    circuit_breakers: circuitBreakers,
    cluster_type: extension(
      "envoy.clusters.aggregate",
      "envoy.extensions.clusters.aggregate.v3.ClusterConfig",
      { clusters: [first, second] },
    ),
  };
}

/** Addresses of a cluster's scorers, as they were given to `scorerCluster`. */
export function clusterScorers(cluster: Cluster): string[] {
  const assignment = cluster.load_assignment as LoadAssignment | undefined;
  const endpoints = (assignment?.endpoints ?? []).flatMap(({ lb_endpoints }) => lb_endpoints);
  return endpoints.map(({ endpoint }) => {
    const { address, port_value } = endpoint.address.socket_address;
    return `http://${net.isIPv6(address) ? `[${address}]` : address}:${port_value}`;
  });
}

interface LoadAssignment {
  endpoints?: {
    lb_endpoints: {
      endpoint: { address: { socket_address: { address: string; port_value: number } } };
    }[];
  }[];
}

/** An IPv6 host without the brackets that belong to the URL. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
