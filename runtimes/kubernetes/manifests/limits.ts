import type { ClusterSettings, Resources } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { ownsDatabase, ownsStore } from "./owned";
import { metadataOf } from "./metadata";
import { sumOfBytes, sumOfCpu } from "./quantity";

/** Name of the ResourceQuota and the LimitRange. */
export const limitsName = "environment";

/**
 * Sets of scorers that may stand side by side: what is served, what is being released, and what an earlier release
 * that failed left behind. With fewer, a failed release would block the one that mends it.
 */
const generations = 3;

/** Pods beyond what is counted: Jobs that ended stay until they are cleared away. */
const sparePods = 20;

/** What a container asks for that says nothing itself: one that somebody runs by hand. */
const fallback: Resources = { cpu: "100m", memory: "128Mi" };

/**
 * Most that the namespace may ask for, made of what the stack declares, and what a container that says nothing gets.
 * Nothing where the environment's level is "none".
 */
export function limitsManifests(settings: ClusterSettings): Manifest[] {
  const { resourceLevel } = settings.kubernetes;
  if (resourceLevel === "none") return [];
  const metadata = metadataOf(settings, limitsName);
  const { cpu, memory } = total(settings);
  const limited = resourceLevel === "limits";
  return [
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata,
      spec: {
        hard: {
          "requests.cpu": cpu,
          "requests.memory": memory,
          ...(limited && { "limits.cpu": cpu, "limits.memory": memory }),
          pods: String(generations * mostScorers(settings) + sparePods),
          persistentvolumeclaims: "8",
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata,
      spec: {
        limits: [
          {
            type: "Container",
            defaultRequest: fallback,
            ...(limited && { default: fallback }),
          },
        ],
      },
    },
  ];
}

function mostScorers({ scorer, kubernetes: { autoscale } }: ClusterSettings): number {
  return Math.max(scorer.replicas, autoscale?.maxReplicas ?? 0);
}

function total(settings: ClusterSettings): Resources {
  const { resources } = settings.kubernetes;
  const parts: [times: number, each: Resources][] = [
    // And two for Jobs: a release check, and a client's.
    [generations * mostScorers(settings) + 2, resources.scorer],
    // The server, its successor while it rolls, and the migration.
    [settings.trackingServer.managed ? 3 : 0, resources.trackingServer],
    // The server, and a backup by the clock beside one before a migration.
    [ownsDatabase(settings) ? 3 : 0, resources.database],
    [ownsStore(settings) ? 1 : 0, resources.artifactStore],
    // What somebody runs by hand.
    [5, fallback],
  ];
  return {
    cpu: sumOfCpu(parts.map(([times, { cpu }]) => [times, cpu])),
    memory: sumOfBytes(parts.map(([times, { memory }]) => [times, memory])),
  };
}
