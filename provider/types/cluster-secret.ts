import { isDeepStrictEqual } from "node:util";
import type { ClusterSecretInputs, ClusterSecretOutputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** A Secret of the cluster: made once with random values, or kept by somebody else. Its values never leave it. */
export const clusterSecretType = {
  async diff(_id, olds, news) {
    if (!isDeepStrictEqual([olds.cluster, olds.name], [news.cluster, news.name])) {
      return { changes: true, replaces: ["cluster", "name"] };
    }
    const { fingerprint, ...asked } = olds;
    if (!isDeepStrictEqual(asked, news)) return { changes: true };
    const secrets = await import("../cluster-secret");
    return { changes: (await secrets.fingerprintOf(news)) !== fingerprint };
  },

  async create(inputs) {
    const { ensureSecret } = await import("../cluster-secret");
    const fingerprint = await ensureSecret(inputs);
    const id = `${inputs.cluster.namespace}/${inputs.name}`;
    return { id, outputs: { ...inputs, fingerprint } };
  },

  async update(_id, _olds, news) {
    const { ensureSecret } = await import("../cluster-secret");
    return { ...news, fingerprint: await ensureSecret(news) };
  },

  async read(_id, recorded) {
    const secrets = await import("../cluster-secret");
    const fingerprint = await secrets.fingerprintOf(recorded);
    return fingerprint ? { ...recorded, fingerprint } : null;
  },

  async delete(_id, recorded) {
    if (!recorded.deleteData || !recorded.generate) return;
    const { deleteSecret } = await import("../cluster-secret");
    await deleteSecret(recorded);
  },
} satisfies ResourceType<ClusterSecretInputs, ClusterSecretOutputs>;
