import { names } from "../names";
import { accessManifests } from "./access";
import { limitsManifests } from "./limits";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { ownsDatabase, ownsStore } from "./owned";
import { labelsOf, metadataOf } from "./metadata";
import { keep } from "./volume";

/**
 * What everything else of an environment stands in: the namespace, its service accounts, its limits and the roles that a
 * platform team binds people to. Without the namespace itself where somebody else makes it.
 */
export function namespaceManifests(settings: ClusterSettings): Manifest[] {
  return [
    ...(settings.kubernetes.createNamespace ? [namespace(settings)] : []),
    ...serviceAccounts(settings),
    ...limitsManifests(settings),
    ...accessManifests(settings),
  ];
}

function namespace(settings: ClusterSettings): Manifest {
  const name = settings.kubernetes.cluster.namespace;
  const level = { enforce: "restricted", audit: "restricted", warn: "restricted" };
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: {
        ...labelsOf(settings, name),
        ...Object.fromEntries(
          Object.entries(level).map(([mode, value]) => [
            `pod-security.kubernetes.io/${mode}`,
            value,
          ]),
        ),
      },
      // Volumes and Secrets go with their namespace.
      annotations: keep,
    },
  };
}

/** One a workload, none with a token: no server of ours asks the API server anything. */
function serviceAccounts(settings: ClusterSettings): Manifest[] {
  const accounts = [
    names.scorer,
    ...(settings.trackingServer.managed ? [names.trackingServer] : []),
    ...(ownsDatabase(settings) ? [names.database] : []),
    ...(ownsStore(settings) ? [names.artifactStore] : []),
  ];
  return accounts.map((name) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadataOf(settings, name),
    automountServiceAccountToken: false,
  }));
}
