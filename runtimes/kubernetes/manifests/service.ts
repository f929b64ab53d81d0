import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf, selectorOf } from "./metadata";

/** A Service inside the cluster, over one workload's pods. */
export function serviceOf(
  settings: ClusterSettings,
  name: string,
  port: { readonly port: number; readonly targetPort: number },
): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(settings, name),
    spec: {
      type: "ClusterIP",
      selector: selectorOf(name),
      ports: [{ name, protocol: "TCP", ...port }],
    },
  };
}
