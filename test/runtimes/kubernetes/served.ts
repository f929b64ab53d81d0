import type { ClusterSettings, KubernetesSettings } from "../../../config/settings";
import type { Served } from "../../../runtimes/kubernetes/manifests/scorer";
import { clusterSettings, digestOf, type SettingsChange } from "../../support/fixtures";

/** A version as an admitted pin names it. */
export const served: Served = {
  modelUri: "models:/churn-model/3",
  version: "3",
  digest: digestOf("a"),
  trackingUri: "http://tracking-server.churn-model-staging.svc:5001",
};

/** Settings of a stack in a cluster. */
export function settingsOf(
  kubernetes: Partial<KubernetesSettings> = {},
  change: SettingsChange = {},
): ClusterSettings {
  return clusterSettings(change, kubernetes);
}

/** The same with a number of scorers. */
export function withReplicas(replicas: number, kubernetes: Partial<KubernetesSettings> = {}) {
  const { scorer } = settingsOf();
  return settingsOf(kubernetes, { scorer: { ...scorer, replicas } });
}
