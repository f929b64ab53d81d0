import type { ClusterSettings, Settings } from "../../config/settings";

/**
 * The settings of an environment in a cluster.
 *
 * @throws Error when they say nothing of one
 */
export function inCluster(settings: Settings): ClusterSettings {
  if (settings.kubernetes === null) {
    throw new Error(
      `Stack ${settings.stack} has runtime kubernetes and no settings for it: write tollgate:kubernetes.`,
    );
  }
  return settings;
}
