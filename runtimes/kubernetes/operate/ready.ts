import { OperationError } from "../../errors";
import type { ClusterSettings } from "../../../config/settings";
import { withCluster } from "./with-cluster";

/**
 * Makes sure that the cluster of a stack answers, before anything that needs it begins.
 *
 * @throws OperationError `cluster-unreachable`: one sentence with the reason and both ways on; `cluster-lacks` when it doesn't
 *   know a kind that the settings ask for; `settings` when an image is still the one of an example
 */
export async function requireCluster({ stack, kubernetes }: ClusterSettings): Promise<void> {
  await answers(kubernetes);
  const placeholder = Object.entries(kubernetes.images).find(([, image]) =>
    image?.endsWith(nothing),
  );
  if (!placeholder) return;
  throw new OperationError(
    "settings",
    `tollgate:kubernetes.images.${placeholder[0]} of ${stack} is ${placeholder[1]}, which stands for an image of yours: push one, as docs/images.md says, and write its digest there.`,
  );
}

/** A digest that no image has: what committed examples name. */
const nothing = `@sha256:${"0".repeat(64)}`;

async function answers(kubernetes: ClusterSettings["kubernetes"]): Promise<void> {
  const { namespace } = kubernetes.cluster;
  await withCluster(kubernetes.cluster, async (cluster) => {
    const { ClusterError } = await import("../../../cluster/cluster");
    try {
      await cluster.find(`/api/v1/namespaces/${namespace}`);
    } catch (error) {
      // The cluster answers, which is enough here: a later request names the missing right.
      if (!(error instanceof ClusterError && error.code === "forbidden")) throw error;
    }
    const { missingKinds } = await import("../doctor/apis");
    const missing = await missingKinds(cluster, kubernetes);
    if (missing.length > 0) throw new OperationError("cluster-lacks", missing.join("\n"));
  });
}
