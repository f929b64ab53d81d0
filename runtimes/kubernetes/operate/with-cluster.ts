import type { ClusterAddress } from "../../../cluster/address";
import type { ConnectedCluster } from "../../../cluster/connect";
import { OperationError } from "../../errors";

/**
 * Works in a cluster.
 *
 * @throws OperationError `cluster-<code>` for every ClusterError
 */
export async function withCluster<T>(
  address: ClusterAddress,
  work: (cluster: ConnectedCluster) => Promise<T>,
): Promise<T> {
  const [{ ClusterError }, { connectCluster }] = await Promise.all([
    import("../../../cluster/cluster"),
    import("../../../cluster/connect"),
  ]);
  try {
    return await work(await connectCluster(address));
  } catch (error) {
    if (error instanceof ClusterError)
      throw new OperationError(`cluster-${error.code}`, error.message);
    throw error;
  }
}
