import type { Cluster } from "../../../cluster/cluster";
import type { Pod } from "../../../cluster/pods";
import { type List, selectorQuery } from "./objects";
import { pause } from "../cancellation";

const pauseMs = 100;
/** Longest wait for the controller that keeps a Service's endpoints, in milliseconds. */
const takeInMs = 30_000;

interface EndpointSlice {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly name?: string };
  }[];
}

/**
 * Waits until a Service's ready endpoints are certain pods and no others. What a node does with them follows within
 * about a second.
 *
 * @throws Error one clause when they are not in time
 */
export async function waitForEndpoints(
  cluster: Cluster,
  service: string,
  pods: readonly Pod[],
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = cluster.address;
  const wanted = pods.map(({ metadata }) => metadata.name).sort();
  const query = selectorQuery({ "kubernetes.io/service-name": service });
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${query}`;
  const deadline = Date.now() + takeInMs;
  for (;;) {
    const { items } = await cluster.request<List<EndpointSlice>>("GET", path, { signal });
    const ready = items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ targetRef }) => targetRef?.name ?? "")
      .sort();
    if (wanted.every((name) => ready.includes(name)) && ready.length === wanted.length) return;
    if (Date.now() > deadline) {
      throw new Error(
        `Service ${service} still leads to ${ready.join(", ") || "no pod"} after ${takeInMs / 1000} s`,
      );
    }
    await pause(pauseMs, signal);
  }
}
