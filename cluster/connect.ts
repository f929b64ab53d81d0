import type { ClusterAddress } from "./address";
import { type Cluster, ClusterError } from "./cluster";
import { readyPods } from "./endpoints";
import { ApiServer } from "./http";
import { kubeconfigFiles, readAccess } from "./kubeconfig";
import type { ExplainedTunnel } from "./tunnel";

/** A cluster whose tunnels can tell why their last connection failed. */
export interface ConnectedCluster extends Cluster {
  /** Name of the context in the kubeconfig. */
  readonly context: string;
  tunnel(to: { pod: string } | { service: string }, port: number): Promise<ExplainedTunnel>;
}

/** One connection a process and cluster: plugins are asked and connections are made once. */
const connected = new Map<string, Promise<ConnectedCluster>>();

/**
 * The way to a cluster. Reads the kubeconfig and asks nothing of the cluster yet: the first request does.
 *
 * @throws ClusterError `unreachable` without a kubeconfig, a context in it, or credentials that can be read
 */
export function connectCluster(address: ClusterAddress): Promise<ConnectedCluster> {
  const key = JSON.stringify([kubeconfigFiles(address), address.context, address.namespace]);
  const known = connected.get(key);
  if (known) return known;
  const made = connect(address);
  connected.set(key, made);
  made.catch(() => connected.delete(key));
  return made;
}

async function connect(address: ClusterAddress): Promise<ConnectedCluster> {
  const api = new ApiServer(await readAccess(address));
  const { namespace } = address;
  const pathOf = (pod: string) => `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const cluster: ConnectedCluster = {
    address,
    server: api.server,
    context: api.access.context,
    async request<T>(...[method, path, options]: Parameters<Cluster["request"]>): Promise<T> {
      const text = await api.send(method, path, options);
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new ClusterError(
          "unavailable",
          `${api.server} answered something else than a Kubernetes API server would: correct the server of context "${api.access.context}" in the kubeconfig.`,
        );
      }
    },
    async find<T>(...[path, options]: Parameters<Cluster["find"]>): Promise<T | null> {
      try {
        return await cluster.request<T>("GET", path, options);
      } catch (error) {
        if (error instanceof ClusterError && error.code === "not-found") return null;
        throw error;
      }
    },
    async tunnel(to, port) {
      const { openTunnel } = await import("./tunnel");
      if ("pod" in to) {
        return openTunnel(api, namespace, () => Promise.resolve([{ pod: to.pod, port }]));
      }
      const pods = () => readyPods(cluster, to.service, port);
      await pods();
      return openTunnel(api, namespace, pods);
    },
    logs(pod, container, lines, previous = false) {
      const query = new URLSearchParams({ container, tailLines: String(lines) });
      if (previous) query.set("previous", "true");
      return api.send("GET", `${pathOf(pod)}/log?${query.toString()}`);
    },
  };
  return cluster;
}
