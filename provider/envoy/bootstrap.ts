import path from "node:path";
import { clusterConfiguration } from "./clusters";
import { closedRoute } from "./routes";
import { extension } from "./messages";
import { routeFiles } from "./files";
import { overloadManager, timeLimits, wholeRequests } from "./limits";
import { asCallersSpeak } from "./callers";
import { droppingFilter, tooLargeAnswer } from "./too-large";

export interface RouterOptions {
  /** The stack's state folder, absolute. */
  readonly stateDir: string;
  /** Address and port callers use. A placeholder such as `{port}` is accepted, as a string. */
  readonly host: string;
  readonly port: number | string;
}

/** Upper bounds of latency buckets in milliseconds: ten to a decade, so that a P95 is known to about 12 %. */
const latencyBucketsMs = Array.from({ length: 51 }, (_, i) =>
  Number((0.5 * 10 ** (i / 10)).toPrecision(2)),
);

/**
 * What the router's process needs on disk: `files` before each start, `initialFiles` only where there are none, since
 * releases change them. Nothing is served before the first release: every request is answered 503 with a reason.
 */
export function routerFiles(options: RouterOptions): {
  files: Record<string, string>;
  initialFiles: Record<string, string>;
} {
  const files = routeFiles(options.stateDir);
  return {
    files: { [files.bootstrap]: text(bootstrap(options)) },
    initialFiles: {
      [files.clusters]: text(clusterConfiguration([])),
      [files.routes]: text(closedRoute()),
    },
  };
}

/**
 * Envoy's own configuration. Clusters and routes come from files that it watches; replacing one by rename moves traffic.
 * JSON is YAML too, so the file may be called either.
 */
export function bootstrap({ stateDir, host, port }: RouterOptions): object {
  const files = routeFiles(stateDir);
  return {
    node: { id: "tollgate-router", cluster: "tollgate" },
    // Whoever asks it can stop the router, so it is a socket that only its owner can open. The path is relative to the
    // folder that the launcher goes to: an absolute one may be longer than a socket's path can be.
    admin: { address: { pipe: { path: path.basename(files.adminSocket), mode: 0o600 } } },
    // Latency histograms are merged at each flush; a watch of a few seconds can't wait for the default of 5 s.
    stats_flush_interval: "1s",
    stats_config: {
      histogram_bucket_settings: [
        { match: { suffix: "upstream_rq_time" }, buckets: [...new Set(latencyBucketsMs)] },
      ],
    },
    overload_manager: overloadManager(),
    dynamic_resources: { cds_config: watchedFile(files.clusters) },
    static_resources: {
      listeners: [
        {
          name: "callers",
          address: socketAddress(host, port),
          filter_chains: [{ filters: [connectionManager(files.routes)] }],
        },
      ],
    },
  };
}

function connectionManager(routesFile: string): object {
  return extension(
    "envoy.filters.network.http_connection_manager",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      stat_prefix: "callers",
      generate_request_id: false,
      ...timeLimits(),
      ...asCallersSpeak(),
      rds: { route_config_name: "callers", config_source: watchedFile(routesFile) },
      // Envoy's own answers (no healthy scorer, time-out) in the form of the scorer's errors.
      local_reply_config: {
        mappers: [tooLargeAnswer()],
        body_format: {
          json_format: {
            error: { code: "unavailable", field: null, message: "%LOCAL_REPLY_BODY%" },
          },
        },
      },
      http_filters: [
        droppingFilter(),
        wholeRequests(),
        extension(
          "envoy.filters.http.router",
          "envoy.extensions.filters.http.router.v3.Router",
          {},
        ),
      ],
    },
  );
}

function watchedFile(file: string): object {
  return {
    resource_api_version: "V3",
    path_config_source: { path: file, watched_directory: { path: path.dirname(file) } },
  };
}

function socketAddress(host: string, port: number | string): object {
  return { socket_address: { address: host, port_value: port } };
}

function text(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
