import type { Cluster } from "./cluster";
import { ClusterError } from "./cluster";
import { type Pod, podState } from "./pods";

interface Service {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
    }[];
  };
}

interface EndpointSlice {
  readonly ports?:
    readonly { readonly name?: string | null; readonly port?: number | null }[] | null;
  readonly endpoints?:
    | readonly {
        readonly conditions?: { readonly ready?: boolean | null };
        readonly targetRef?: { readonly kind?: string; readonly name?: string };
      }[]
    | null;
}

/** A port of one pod. */
export interface PodPort {
  readonly pod: string;
  readonly port: number;
}

type Reach = Pick<Cluster, "request" | "find" | "address">;

/**
 * The ready pods behind a port of a Service, as kube-proxy knows them: a port that has a name is already resolved for
 * each pod.
 *
 * @throws ClusterError `not-found` without such a Service or port; `unavailable`, with each pod's reason, when no pod is
 *   ready
 */
export async function readyPods(
  cluster: Reach,
  service: string,
  port: number,
): Promise<readonly [PodPort, ...PodPort[]]> {
  const { namespace } = cluster.address;
  const core = `/api/v1/namespaces/${namespace}`;
  const slicesOf = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${service}` });
  const [found, slices] = await Promise.all([
    cluster.find<Service>(`${core}/services/${service}`),
    cluster.request<{ items: EndpointSlice[] }>(
      "GET",
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${slicesOf.toString()}`,
    ),
  ]);
  if (!found) {
    const text = `There is no Service "${service}" in namespace "${namespace}": bring this stack up first.`;
    throw new ClusterError("not-found", text);
  }
  const ports = (found.spec.ports ?? []).filter(({ protocol }) => (protocol ?? "TCP") === "TCP");
  const named = ports.find((each) => each.port === port);
  if (!named) {
    const there = ports.map((each) => each.port).join(", ") || "none";
    throw new ClusterError(
      "not-found",
      `Service "${service}" in namespace "${namespace}" has no port ${port} (there are: ${there}): bring this stack up first.`,
    );
  }
  const pods = slices.items.flatMap((slice) => {
    const target = slice.ports?.find((each) => (each.name ?? "") === (named.name ?? ""))?.port;
    if (!target) return [];
    return (slice.endpoints ?? []).flatMap(({ conditions, targetRef }): PodPort[] =>
      conditions?.ready !== false && targetRef?.kind === "Pod" && targetRef.name
        ? [{ pod: targetRef.name, port: target }]
        : [],
    );
  });
  const [first, ...more] = pods;
  if (first) return [first, ...more];
  throw await noneReady(cluster, service, found.spec.selector);
}

async function noneReady(
  cluster: Reach,
  service: string,
  selector: Service["spec"]["selector"],
): Promise<ClusterError> {
  const { namespace } = cluster.address;
  const wanted = Object.entries(selector ?? {}).map(([name, value]) => `${name}=${value}`);
  const { items } =
    wanted.length === 0
      ? { items: [] }
      : await cluster.request<{ items: Pod[] }>(
          "GET",
          `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(wanted.join(","))}`,
        );
  const states = items.map((pod) => `${pod.metadata.name} is ${podState(pod)}`);
  const why = states.length > 0 ? states.slice(0, 3).join("; ") : "it has no pods";
  return new ClusterError(
    "unavailable",
    `No pod behind Service "${service}" in namespace "${namespace}" is ready (${why}): wait until one is, or see why with \`tollgate logs\`.`,
  );
}
