import { beside } from "./beside";
import {
  type GuardedResource,
  type GuardedStack,
  type Guardrail,
  read,
  shown,
  titled,
  unknown,
} from "./guardrail";

const instance = "aws:rds/instance:Instance";

/** Clusters, with the instances that stand beside them. DocumentDB and Neptune are made like Aurora. */
const clusters: Readonly<Record<string, string>> = {
  "aws:rds/cluster:Cluster": "aws:rds/clusterInstance:ClusterInstance",
  "aws:docdb/cluster:Cluster": "aws:docdb/clusterInstance:ClusterInstance",
  "aws:neptune/cluster:Cluster": "aws:neptune/clusterInstance:ClusterInstance",
};

/**
 * Refuses a database that is in plain on its disk, has no backups, can be reached by anybody, or has one zone in
 * production. A read replica has its source's backups and needs no other zone.
 *
 * A value that isn't known at preview is refused, but for the source of a replica: it has one then.
 */
export const databaseProtected: Guardrail = {
  name: "database-protected",
  description:
    "Every database is encrypted, backed up and not public, and in production in several zones.",
  severity: "critical",
  remedy:
    "Set storageEncrypted: true, backupRetentionPeriod of at least 1 day, publiclyAccessible: false, and in production multiAz: true (a cluster: instances in two zones).",
  alone(resource, { production }) {
    const { type, props } = resource;
    if (Object.values(clusters).includes(type)) return reachable(resource);
    // AWS keeps backups of a cluster for a day unless it is told otherwise, and none of an instance.
    if (Object.hasOwn(clusters, type))
      return [...unencrypted(resource), ...withoutBackups(resource, 1)];
    if (type !== instance) return [];
    const source = read(props, "replicateSourceDb");
    const isReplica = source === unknown || (typeof source === "string" && source !== "");
    return [
      ...unencrypted(resource),
      ...(isReplica ? [] : withoutBackups(resource, 0)),
      ...reachable(resource),
      ...(production && !isReplica ? oneZone(resource) : []),
    ];
  },
  together(stack) {
    if (!stack.production) return [];
    return stack.resources
      .filter(({ type }) => Object.hasOwn(clusters, type))
      .flatMap((cluster) => {
        const zones = zonesOf(cluster, stack);
        return zones >= 2
          ? []
          : [`${titled(cluster)} has instances in ${zones} of the 2 zones it needs.`];
      });
  },
};

function unencrypted({ props }: GuardedResource): string[] {
  const value = read(props, "storageEncrypted");
  return value === true ? [] : [`has ${shown(value)} for storageEncrypted, which must be true`];
}

function withoutBackups({ props }: GuardedResource, byDefault: number): string[] {
  const value = read(props, "backupRetentionPeriod") ?? byDefault;
  return typeof value === "number" && value >= 1
    ? []
    : [`keeps backups for ${shown(value)} days, which must be at least 1`];
}

/** AWS's own default is false. */
function reachable({ props }: GuardedResource): string[] {
  const value = read(props, "publiclyAccessible");
  return value === undefined || value === false
    ? []
    : [`has ${shown(value)} for publiclyAccessible, which must be false`];
}

function oneZone({ props }: GuardedResource): string[] {
  const value = read(props, "multiAz");
  return value === true ? [] : [`has ${shown(value)} for multiAz, which must be true`];
}

/** In how many zones a cluster has instances. AWS puts each into another one unless it is told which. */
function zonesOf(cluster: GuardedResource, stack: GuardedStack): number {
  // A cluster of this kind has three instances of its own, each in another zone.
  if (typeof read(cluster.props, "dbClusterInstanceClass") === "string") return 3;
  const types = [clusters[cluster.type]!];
  const naming = { types, by: "clusterIdentifier", names: ["clusterIdentifier"] };
  const instances = beside(cluster, naming, stack);
  return new Set(instances.map(({ props, urn }) => read(props, "availabilityZone") ?? urn)).size;
}
