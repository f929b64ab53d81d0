import * as pulumi from "@pulumi/pulumi";
import type { ClusterSettings } from "../../config/settings";
import { KUBERNETES } from "../../toolchain/plugins/plugin";
import type { FoundationParts } from "../contract";
import { declare } from "./declare-objects";
import { namespaceManifests } from "./manifests/namespace";
import { networkManifests } from "./manifests/network";

/**
 * What the rest of an environment stands in: which cluster, the namespace, who may do what there, how much, and who may
 * talk to whom.
 */
export function foundation(name: string, settings: ClusterSettings): FoundationParts {
  const { context, namespace } = settings.kubernetes.cluster;
  const manifests = [...namespaceManifests(settings), ...networkManifests(settings)];
  return {
    place: { context, namespace },
    providers: [clusterProvider(`${name}-cluster`, settings)],
    declare: (opts) => declare(name, manifests, opts),
  };
}

class ClusterProvider extends pulumi.ProviderResource {}

/**
 * The cluster, for the Kubernetes plugin. The state gets the kubeconfig's path and the context's name, never what is in
 * the file.
 */
function clusterProvider(name: string, settings: ClusterSettings): pulumi.ProviderResource {
  const { kubeconfig, context, namespace } = settings.kubernetes.cluster;
  return new ClusterProvider(
    "kubernetes",
    name,
    {
      ...(kubeconfig !== null && { kubeconfig }),
      ...(context !== null && { context }),
      namespace,
      // Without it, another path or name for the same cluster would replace everything, the database included.
      clusterIdentifier: namespace,
    },
    { version: KUBERNETES.version },
  );
}
