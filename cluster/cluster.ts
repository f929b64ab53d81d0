import type { ClusterAddress } from "./address";

/** Why a cluster didn't do what was asked. Its message is one whole sentence with what to do. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";

  constructor(
    /**
     * `unreachable`: no kubeconfig, no such context, no answer, no valid credentials. `forbidden`: the caller lacks a
     * right, which the message names. `not-found`, `conflict`, `invalid`: the API server's own answer. `unavailable`:
     * the server or the pod answered that it can't now.
     */
    readonly code:
      "unreachable" | "forbidden" | "not-found" | "conflict" | "invalid" | "unavailable",
    message: string,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  readonly body?: unknown;
  /** @default `application/json`; patches say which kind they are. */
  readonly contentType?:
    | "application/json"
    | "application/merge-patch+json"
    | "application/json-patch+json"
    | "application/strategic-merge-patch+json"
    | "application/apply-patch+yaml";
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A way from this machine's loopback to a port in the cluster. */
export interface Tunnel {
  /** `http://127.0.0.1:<free port>`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A cluster that answers. Every failure is a ClusterError. */
export interface Cluster {
  readonly address: ClusterAddress;
  /** Address of the API server, to name it in messages. */
  readonly server: string;
  /**
   * One request to the API server.
   *
   * @param path such as `/apis/apps/v1/namespaces/shop/deployments/scorer`, with its query
   * @returns the parsed JSON of the answer
   */
  request<T>(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options?: RequestOptions,
  ): Promise<T>;
  /** Like a GET request, and null for what isn't there. */
  find<T>(path: string, options?: RequestOptions): Promise<T | null>;
  /**
   * Opens a way to a pod, or to one of a Service's ready pods, chosen anew for each connection. It holds no process
   * alive: a program that forgets to close it still ends.
   *
   * @param port of the pod; of a Service, the Service's port
   */
  tunnel(to: { pod: string } | { service: string }, port: number): Promise<Tunnel>;
  /** The last lines of a container's log; of its run before, when it was restarted and `previous` is set. */
  logs(pod: string, container: string, lines: number, previous?: boolean): Promise<string>;
}

/**
 * Deletes an object, if it is there.
 *
 * @returns was it there?
 */
export async function deleteIfThere(cluster: Cluster, path: string): Promise<boolean> {
  try {
    await cluster.request("DELETE", path);
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === "not-found") return false;
    throw error;
  }
}
