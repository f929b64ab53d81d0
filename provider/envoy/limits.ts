import { bodyBytes } from "../../serving/tollgate_serving/limits.json";
import { extension } from "./messages";

/** Largest body that scorers take, in bytes; the router takes no less and no more. */
export { bodyBytes };

/**
 * What one caller may take of the router, so that idle connections and requests that are never finished don't keep other
 * callers out. docs/access.md states these numbers and what was measured with them.
 */
export const routerLimits = {
  /** For the head of a request, from its first byte. */
  headersSeconds: 10,
  /** For a whole request, its body included: 16 MiB at 2.2 Mbit/s. */
  requestSeconds: 60,
  /** For a connection without a request; longer than the 60 s of common load balancers, whose side should close. */
  idleSeconds: 75,
  /** The same while connections take `crowded` of the memory: then idle ones go first, and whoever asks gets in. */
  idleSecondsWhenCrowded: 2,
  /** What the router may hold of requests and connections. An idle connection takes 7.5 kB. */
  memoryBytes: 1024 * 1024 * 1024,
} as const;

/** Shares of `memoryBytes`: some 8,000 idle connections begin to shorten each other's time, 16,000 have the least. */
const crowded = { scaling_threshold: 0.06, saturation_threshold: 0.12 };
/** Shares of `memoryBytes` from which the largest requests are ended, and none is taken any more. */
const nearlyFull = { scaling_threshold: 0.7, saturation_threshold: 0.9 };
const full = 0.95;

/**
 * Envoy's overload manager. How many connections may be open at once stands on the process's open files, which the
 * launcher knows (`runtimes/local/servers/router.py`).
 */
export function overloadManager(): object {
  const heap = "envoy.resource_monitors.fixed_heap";
  const action = (name: string, trigger: object, config: object = {}) => ({
    name: `envoy.overload_actions.${name}`,
    triggers: [{ name: heap, ...trigger }],
    ...config,
  });
  return {
    refresh_interval: "0.25s",
    resource_monitors: [
      extension(heap, "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig", {
        max_heap_size_bytes: String(routerLimits.memoryBytes),
      }),
    ],
    // Only requests of a mebibyte and more are worth ending for their memory.
    buffer_factory_config: { minimum_account_to_track_power_of_two: 20 },
    actions: [
      action(
        "reduce_timeouts",
        { scaled: crowded },
        {
          typed_config: {
            "@type": "type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
            timer_scale_factors: [
              {
                timer: "HTTP_DOWNSTREAM_CONNECTION_IDLE",
                min_timeout: `${routerLimits.idleSecondsWhenCrowded}s`,
              },
            ],
          },
        },
      ),
      action("reset_high_memory_stream", { scaled: nearlyFull }),
      action("stop_accepting_requests", { threshold: { value: full } }),
    ],
  };
}

/** The part of the connection manager that says how long things may take. */
export function timeLimits(): object {
  return {
    common_http_protocol_options: { idle_timeout: `${routerLimits.idleSeconds}s` },
    request_headers_timeout: `${routerLimits.headersSeconds}s`,
    request_timeout: `${routerLimits.requestSeconds}s`,
    // Until a request is whole; then the route says how long its answer may take.
    stream_idle_timeout: `${routerLimits.requestSeconds + 10}s`,
    http2_protocol_options: { max_concurrent_streams: 100 },
  };
}

/**
 * Holds a request until it is whole, so that one that is never finished takes nothing of a scorer. A body that gets
 * larger than the scorer takes is refused.
 */
export function wholeRequests(): object {
  return extension("envoy.filters.http.buffer", "envoy.extensions.filters.http.buffer.v3.Buffer", {
    max_request_bytes: bodyBytes,
  });
}
