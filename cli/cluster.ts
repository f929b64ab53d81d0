import type { Settings } from "../config/settings";
import type { ConnectedCluster } from "../cluster/connect";
import { CliError } from "./errors";

/**
 * Makes sure that the cluster of a stack answers, before anything that needs it begins. Does nothing for a stack that
 * runs on this machine.
 *
 * @throws CliError `cluster-unreachable`: one sentence with the reason and both ways on; `cluster-lacks` when it doesn't
 *   know a kind that the settings ask for; `settings` when an image is still the one of an example
 */
export async function requireCluster({ stack, kubernetes }: Settings): Promise<void> {
  if (!kubernetes) return;
  await answers(kubernetes);
  const placeholder = Object.entries(kubernetes.images).find(([, image]) =>
    image?.endsWith(nothing),
  );
  if (!placeholder) return;
  throw new CliError(
    "settings",
    `tollgate:kubernetes.images.${placeholder[0]} of ${stack} is ${placeholder[1]}, which stands for an image of yours: push one, as docs/images.md says, and write its digest there.`,
  );
}

/** A digest that no image has: what committed examples name. */
const nothing = `@sha256:${"0".repeat(64)}`;

async function answers(kubernetes: NonNullable<Settings["kubernetes"]>): Promise<void> {
  const { namespace } = kubernetes.cluster;
  await inCluster(kubernetes.cluster, async (cluster) => {
    const { ClusterError } = await import("../cluster/cluster");
    try {
      await cluster.find(`/api/v1/namespaces/${namespace}`);
    } catch (error) {
      // It answers: which right is missing for what, a later request tells.
      if (!(error instanceof ClusterError && error.code === "forbidden")) throw error;
    }
    const { missingKinds } = await import("../runtimes/kubernetes/doctor/apis");
    const missing = await missingKinds(cluster, kubernetes);
    if (missing.length > 0) throw new CliError("cluster-lacks", missing.join("\n"));
  });
}

/**
 * Works in a cluster.
 *
 * @throws CliError `cluster-<code>` for every ClusterError
 */
export async function inCluster<T>(
  address: NonNullable<Settings["kubernetes"]>["cluster"],
  work: (cluster: ConnectedCluster) => Promise<T>,
): Promise<T> {
  const [{ ClusterError }, { connectCluster }] = await Promise.all([
    import("../cluster/cluster"),
    import("../cluster/connect"),
  ]);
  try {
    return await work(await connectCluster(address));
  } catch (error) {
    if (error instanceof ClusterError) throw new CliError(`cluster-${error.code}`, error.message);
    throw error;
  }
}
