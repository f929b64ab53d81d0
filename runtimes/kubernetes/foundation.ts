import * as pulumi from "@pulumi/pulumi";
import { KUBERNETES_VERSION } from "../../toolchain/plugins/plugin";
import { typeToken } from "../type-token";
import { declare } from "./declare-objects";
import type { ClusterSettings } from "../../config/settings";
import { namespaceManifests } from "./manifests/namespace";
import { networkManifests } from "./manifests/network";

/**
 * What the rest of an environment stands in: which cluster, the namespace, who may do what there, how much, and who may
 * talk to whom.
 */
export class Foundation extends pulumi.ComponentResource {
  static readonly type = typeToken("Foundation");
  /** For everything else of the environment. */
  readonly below: pulumi.ComponentResourceOptions;

  constructor(name: string, settings: ClusterSettings, opts?: pulumi.ComponentResourceOptions) {
    const { cluster } = settings.kubernetes;
    const provider = clusterProvider(`${name}-cluster`, settings);
    super(
      Foundation.type,
      name,
      // The state folder tells the policy pack which stack it judges.
      { stateDir: settings.stateDir, context: cluster.context, namespace: cluster.namespace },
      { ...opts, providers: [provider] },
    );
    const manifests = [...namespaceManifests(settings), ...networkManifests(settings)];
    const resources = declare(name, manifests, { parent: this });
    this.below = { providers: [provider], dependsOn: resources };
    this.registerOutputs({ namespace: cluster.namespace });
  }
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
    { version: KUBERNETES_VERSION },
  );
}
