import { type ClusterSettings, type Settings, throughCluster } from "../../../config/settings";
import { trackingServerName } from "../../../config/resolve";
import { connectCluster } from "../../../cluster/connect";
import { names } from "../names";

/**
 * Has the environment's own registry been made?
 *
 * @throws ClusterError when the cluster can't be asked
 */
export async function registryExists({
  kubernetes,
  trackingServer,
}: ClusterSettings): Promise<boolean> {
  if (!trackingServer.managed) return true;
  const cluster = await connectCluster(kubernetes.cluster);
  const { namespace } = kubernetes.cluster;
  const path = `/api/v1/namespaces/${namespace}/services/${names.trackingServer}`;
  return (await cluster.find(path)) !== null;
}

/**
 * Runs something that reaches the registry by its address. One inside a cluster has an address here as long as it runs:
 * that of a tunnel.
 *
 * @throws ClusterError when there is no way to it
 */
export async function withReachableRegistry<T, S extends Settings>(
  settings: S,
  work: (settings: S) => Promise<T>,
): Promise<T> {
  const address = throughCluster(settings);
  if (!address) return work(settings);
  const { trackingServer } = settings;
  const cluster = await connectCluster(address);
  const tunnel = await cluster.tunnel({ service: trackingServerName }, trackingServer.port);
  try {
    return await work({
      ...settings,
      trackingServer: { ...trackingServer, uri: tunnel.url, managed: false },
    });
  } finally {
    await tunnel.close();
  }
}
