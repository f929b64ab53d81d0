import { type GuardedResource, type Guardrail, read, shown, unknown } from "./guardrail";
import { isOfKind, kubernetesObjects } from "./kubernetes";
import { tokens } from "../resource-tokens";

/** A property that keeps a resource's data, with the value it must have and the one it has unless it is set. */
interface Keeping {
  readonly property: string;
  readonly wanted: boolean;
  readonly otherwise: boolean;
}

const protection: Keeping = { property: "deletionProtection", wanted: true, otherwise: false };
const force: Keeping = { property: "forceDestroy", wanted: false, otherwise: false };
const withData: Keeping = { property: "deleteData", wanted: false, otherwise: false };

/** What holds data, by type token. Null: only the resource option protects it. */
const stateful: Readonly<Record<string, Keeping | null>> = {
  "aws:rds/instance:Instance": protection,
  "aws:rds/cluster:Cluster": protection,
  "aws:docdb/cluster:Cluster": protection,
  "aws:neptune/cluster:Cluster": protection,
  "aws:dynamodb/table:Table": { ...protection, property: "deletionProtectionEnabled" },
  "aws:s3/bucket:Bucket": force,
  "aws:s3/bucketV2:BucketV2": force,
  "aws:efs/fileSystem:FileSystem": null,
  "aws:ebs/volume:Volume": null,
  "docker:index/volume:Volume": null,
  [tokens.Process]: withData,
  [tokens.Credential]: withData,
};

/** A claim of a component of Tollgate's: `destroy` leaves it, by an option that policies aren't told of. */
const ownClaim = /::tollgate:component:\w+\$kubernetes:core\/v1:PersistentVolumeClaim::/;

/**
 * Refuses databases, buckets and volumes in production that a single command could delete with all they hold: by
 * `destroy`, by being left out of the program, or by a change that replaces them. Tollgate's own processes come and go;
 * what they must keep is their data.
 *
 * A value that isn't known at preview is refused.
 */
export const deletionProtection: Guardrail = {
  name: "deletion-protection",
  description: "In production nothing that holds data can be deleted by a single command.",
  severity: "critical",
  remedy:
    "Set the resource option protect: true, and deletionProtection: true on databases or forceDestroy: false on buckets.",
  alone(resource, { production }) {
    if (!production) return [];
    const { type, urn, props, protect } = resource;
    const keeping = Object.hasOwn(stateful, type) ? stateful[type]! : null;
    const holds = Object.hasOwn(stateful, type) || isClaim(resource);
    const problems = keeping ? losing(props, keeping) : [];
    if (holds && !protect && !type.startsWith("tollgate:") && !ownClaim.test(urn)) {
      problems.push("lacks the resource option protect");
    }
    return problems;
  },
};

function losing(props: GuardedResource["props"], { property, wanted, otherwise }: Keeping) {
  const value = read(props, property);
  return (value ?? otherwise) === wanted
    ? []
    : [`has ${shown(value)} for ${property}, which must be ${wanted}`];
}

/** A claim of Kubernetes on a volume: deleting it deletes most volumes. */
function isClaim(resource: GuardedResource): boolean {
  const objects = kubernetesObjects(resource);
  return (
    objects !== unknown &&
    objects.some((object) => isOfKind(object, "core", "PersistentVolumeClaim", "PersistentVolume"))
  );
}
