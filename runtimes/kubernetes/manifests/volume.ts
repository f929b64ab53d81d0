import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";

/**
 * A volume claim of one workload, one node at a time. It is an object of its own, not a StatefulSet's template: a
 * bigger size is then an update, and whatever becomes of the workload, the claim stays.
 */
export function volumeClaim(settings: ClusterSettings, name: string, size: string): Manifest {
  const { storageClass } = settings.kubernetes;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { ...metadataOf(settings, name), annotations: keep },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClass !== null && { storageClassName: storageClass }),
    },
  };
}

/** Says to Argo CD and Flux what `retainOnDelete` says to Pulumi: what is in here isn't theirs to delete. */
export const keep = {
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
} as const;
