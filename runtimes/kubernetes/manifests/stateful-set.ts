import type { ClusterSettings } from "../../../config/settings";
import type { Fingerprints, Manifest } from "./manifest";
import { metadataOf } from "./metadata";
import { scratch, serverPods } from "./pods";

/** The one server of a StatefulSet that keeps data. */
export interface DataServer {
  /** Of the StatefulSet, its Service, volume claim, service account and Secret. */
  readonly name: string;
  /** Mounts `data`, `keys`, and what `volumes` adds. */
  readonly container: object;
  /** Key of its Secret, a file of that name in volume `keys`. */
  readonly key: string;
  readonly volumes?: readonly object[];
  /** For its last writes, in seconds. */
  readonly graceSeconds: number;
}

/** A server over one volume. A StatefulSet, because it never lets two pods at one volume. */
export function statefulSet(
  settings: ClusterSettings,
  fingerprints: Fingerprints,
  { name, container, key, volumes = [], graceSeconds }: DataServer,
): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadataOf(settings, name),
    spec: {
      replicas: 1,
      serviceName: name,
      // One that waits for order never replaces a pod that can't start, not even by one that could.
      podManagementPolicy: "Parallel",
      ...serverPods(settings, name, fingerprints, {
        terminationGracePeriodSeconds: graceSeconds,
        containers: [container],
        volumes: [
          { name: "data", persistentVolumeClaim: { claimName: name } },
          {
            name: "keys",
            // For the group, which is the pod's own.
            secret: { secretName: name, items: [{ key, path: key }], defaultMode: 0o440 },
          },
          ...volumes,
          scratch.volume,
        ],
      }),
    },
  };
}
