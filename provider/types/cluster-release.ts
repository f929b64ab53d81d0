import { isDeepStrictEqual } from "node:util";
import type { ClusterReleaseInputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** The release of a version in a cluster. The scorer's Service is the truth, not what is recorded. */
export const clusterReleaseType = {
  async diff(_id, olds, news) {
    if (!isDeepStrictEqual(olds.cluster, news.cluster)) {
      return { changes: true, replaces: ["cluster"] };
    }
    if (!isDeepStrictEqual(lasting(olds), lasting(news))) return { changes: true };
    const { isUnfinished } = await import("../release/cluster/unfinished");
    return { changes: await isUnfinished(news) };
  },

  async create(inputs) {
    await run(inputs);
    return { id: `${inputs.cluster.namespace}/${inputs.service}`, outputs: inputs };
  },

  async update(_id, _olds, news) {
    await run(news);
    return news;
  },

  async read(_id, recorded) {
    const { readReleased } = await import("../release/cluster/unfinished");
    return readReleased(recorded);
  },

  // The Service and its pods are resources of their own.
  delete: () => Promise.resolve(),
} satisfies ResourceType<ClusterReleaseInputs>;

/** What a release is made of. Other limits for the next one move nothing now. */
function lasting(inputs: ClusterReleaseInputs): object {
  const { workload, service, selector, version, digest, template, replicas, url } = inputs;
  return { workload, service, selector, version, digest, template, replicas, url };
}

async function run(inputs: ClusterReleaseInputs): Promise<void> {
  const [{ connectCluster }, { releaseInCluster }] = await Promise.all([
    import("../../cluster/connect"),
    import("../release/cluster/release"),
  ]);
  await releaseInCluster(await connectCluster(inputs.cluster), inputs);
}
