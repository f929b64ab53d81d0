import { join } from "node:path";
import { inCluster } from "../in-cluster";
import { OperationError } from "../../errors";
import type { Operations } from "../../operations";

/** What is done with an environment in a cluster. Every part is loaded by the operation that needs it. */
export const operations: Operations = {
  traits: {
    stateNamesFolders: false,
    tellsUnchanged: false,
    // The way to a cluster's pods may be closed to whoever released.
    answersHere: false,
    releasedByOthers: true,
    backsUp: false,
  },

  async requireReady(settings) {
    const { requireCluster } = await import("./ready");
    await requireCluster(inCluster(settings));
  },
  async requireOneMove(settings) {
    const { requireOneMove } = await import("./rollout-change");
    await requireOneMove(inCluster(settings));
  },

  async registryExists(settings) {
    const { registryExists } = await import("./registry");
    return registryExists(inCluster(settings));
  },
  // Addresses inside a cluster belong to a Service of a namespace, so two stacks can't claim the same one.
  strangers: () => Promise.resolve([]),
  requireOwnRegistry: () => Promise.resolve(),
  async withReachableRegistry(settings, work) {
    const { withReachableRegistry } = await import("./registry");
    return withReachableRegistry(settings, work);
  },
  lostRegistryData: () => null,

  async observe(settings, askRegistry) {
    const { observe } = await import("./status");
    return observe(inCluster(settings), askRegistry);
  },
  // The address means little here: a pod behind Service scorer is asked, through a tunnel.
  async answer(settings) {
    const { servingInCluster } = await import("./status");
    return servingInCluster(inCluster(settings));
  },
  servingAfterFailure: () => Promise.resolve(null),
  // A Service's own address means nothing outside of its cluster.
  isReachableHere(settings) {
    const { ingress, gateway } = inCluster(settings).kubernetes;
    return ingress !== null || gateway !== null;
  },

  async fetchReceipts(settings) {
    const { syncReceipts } = await import("../../../history/cluster-receipts");
    await syncReceipts(inCluster(settings).kubernetes.cluster, settings.stateDir);
  },

  async logs(settings) {
    const { logList } = await import("./logs");
    return logList(inCluster(settings));
  },
  async logEnd(settings, name, count) {
    const { logEnd } = await import("./logs");
    return logEnd(inCluster(settings), name, count);
  },

  async stop({ stack }) {
    throw new OperationError(
      "not-for-cluster",
      `${stack} runs in a cluster, which starts again whatever is stopped: take its servers out with \`tollgate destroy --stack ${stack}\`, which keeps the data.`,
    );
  },

  dataPlace: (settings) => `namespace ${inCluster(settings).kubernetes.cluster.namespace}`,
  async claimBackup({ stack }) {
    throw new OperationError(
      "usage",
      `--backup copies data of runtime local, and ${stack} runs in a cluster: back its volumes up with what your cluster has for that, such as volume snapshots.`,
    );
  },
  async keptData(settings, deleted, progress) {
    const { keptData } = await import("./data");
    return keptData(inCluster(settings), deleted, progress);
  },

  async diagnose(settings, fix) {
    const { diagnose } = await import("./diagnose");
    return diagnose(inCluster(settings), fix);
  },
  async ensurePlugins(engine, environment) {
    const { ensureKubernetesPlugin } = await import("../../../toolchain/plugins");
    await ensureKubernetesPlugin(engine, environment());
  },

  async isUntouched(settings) {
    const { isUntouched } = await import("./untouched");
    return isUntouched(inCluster(settings));
  },
  async forgetUntouched({ stateDir }) {
    const { forgetUntouched } = await import("./untouched");
    forgetUntouched(stateDir);
  },
  async recordUntouched(settings) {
    const { recordUntouched } = await import("./untouched");
    await recordUntouched(inCluster(settings));
  },
  async undoByHand(settings) {
    const { removeAdded } = await import("./by-hand");
    return removeAdded(inCluster(settings));
  },
  async removeAbandoned(settings, inputs) {
    const { removeOwnObject } = await import("../../../cluster/objects");
    return removeOwnObject(inCluster(settings).kubernetes.cluster, inputs);
  },

  servingImage: (settings) => inCluster(settings).kubernetes.images.tollgate,

  modelFolder: (_settings, scratch) => join(scratch, "models"),

  async render(settings) {
    const { render } = await import("./rendering");
    return render(inCluster(settings));
  },
};
