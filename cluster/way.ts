import type { ClusterAddress } from "./address";
import { ClusterError } from "./cluster";
import type { ExplainedTunnel } from "./tunnel";

/** How a server inside a cluster is reached from here: by a tunnel, opened when it is first needed. */
export interface Way {
  /**
   * Base address to use now.
   *
   * @throws ClusterError when there is none
   */
  open(): Promise<string>;
  /** Why the last connection failed inside the cluster; null when it didn't. */
  problem(): ClusterError | null;
}

/** One tunnel a process, cluster and server, whoever asks. */
const ways = new Map<string, Way>();

/**
 * The way to a server by its address inside a cluster, which names its Service and port.
 *
 * @param uri such as `http://tracking-server.churn-staging.svc:5001`
 */
export function wayInto(cluster: ClusterAddress, uri: string): Way {
  const { hostname, port } = new URL(uri);
  const [service = hostname] = hostname.split(".");
  const { kubeconfig, context, namespace } = cluster;
  const key = JSON.stringify([kubeconfig, context, namespace, service, port]);
  const known = ways.get(key);
  if (known) return known;
  const way = newWay(cluster, service, Number(port || 80));
  ways.set(key, way);
  return way;
}

function newWay(cluster: ClusterAddress, service: string, port: number): Way {
  let opening: Promise<ExplainedTunnel> | undefined;
  let tunnel: ExplainedTunnel | undefined;
  const open = async () => {
    const { connectCluster } = await import("./connect");
    return (await connectCluster(cluster)).tunnel({ service }, port);
  };
  return {
    async open() {
      opening ??= open();
      try {
        tunnel = await opening;
        return tunnel.url;
      } catch (error) {
        opening = undefined; // It may be there the next time.
        throw error;
      }
    },
    problem: () => tunnel?.problem() ?? null,
  };
}
