import type { DiscoveryResponse } from "./messages";

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

export interface Route {
  readonly match: { readonly prefix: "/"; readonly headers?: readonly object[] };
  readonly metadata?: { readonly filter_metadata: { readonly tollgate: RouteFacts } };
  readonly route?: { readonly cluster: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export type RouteFile = DiscoveryResponse<RouteConfiguration>;
