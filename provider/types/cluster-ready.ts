import { isDeepStrictEqual } from "node:util";
import type { ClusterReadyInputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/**
 * Stands for a workload of the cluster that is up. Nothing is made: whoever depends on it comes after. A workload that
 * isn't up any more is a change, and waited for again.
 */
export const clusterReadyType = {
  async diff(_id, olds, news) {
    const { timeoutSeconds: _old, ...before } = olds;
    const { timeoutSeconds: _new, ...after } = news;
    if (!isDeepStrictEqual(before, after)) return { changes: true };
    const [{ connectCluster }, { isReadyNow }] = await load();
    return { changes: !(await isReadyNow(await connectCluster(news.cluster), news)) };
  },

  async create(inputs) {
    await wait(inputs);
    return { id: `${inputs.cluster.namespace}/${inputs.kind}/${inputs.name}`, outputs: inputs };
  },

  async update(_id, _olds, news) {
    await wait(news);
    return news;
  },

  async read(_id, recorded) {
    const [{ connectCluster }, { isReadyNow }] = await load();
    const ready = await isReadyNow(await connectCluster(recorded.cluster), recorded);
    return ready ? recorded : null;
  },

  delete: () => Promise.resolve(),
} satisfies ResourceType<ClusterReadyInputs>;

async function wait(inputs: ClusterReadyInputs): Promise<void> {
  const [{ connectCluster }, { waitUntilReady }] = await load();
  const { cancellation } = await import("../release/cancellation");
  await waitUntilReady(await connectCluster(inputs.cluster), inputs, cancellation);
}

function load() {
  return Promise.all([import("../../cluster/connect"), import("../cluster-ready")]);
}
