import { type Guardrail, read, type Surroundings } from "./guardrail";

/** Properties that name a store, a database or a secret among all of an account, by type token. */
const naming: Readonly<Record<string, string>> = {
  "aws:s3/bucket:Bucket": "bucket",
  "aws:s3/bucketV2:BucketV2": "bucket",
  "aws:rds/instance:Instance": "identifier",
  "aws:rds/cluster:Cluster": "clusterIdentifier",
  "aws:docdb/cluster:Cluster": "clusterIdentifier",
  "aws:neptune/cluster:Cluster": "clusterIdentifier",
  "aws:dynamodb/table:Table": "name",
  "aws:secretsmanager/secret:Secret": "name",
  "aws:ssm/parameter:Parameter": "name",
};

/**
 * Refuses a stack that names the same database, bucket or secret as another environment of the project: what one
 * environment writes, deletes or gives away would be the other's. Compares the settings files of the project folder, and
 * the names of this stack's resources with them.
 *
 * A name that isn't known at preview is one that the provider chooses, which nobody has; where it comes from elsewhere it
 * is judged in the update, before the resource is made. Encrypted settings can't be compared. No value is told, as it may
 * be a secret.
 */
export const nothingShared: Guardrail = {
  name: "nothing-shared",
  description: "No two environments name the same database, bucket or secret.",
  severity: "critical",
  remedy: "Give each environment a database, a bucket and secrets of its own.",
  alone(resource, surroundings) {
    const property = Object.hasOwn(naming, resource.type) ? naming[resource.type]! : null;
    const name = property === null ? undefined : read(resource.props, property);
    if (typeof name !== "string") return [];
    return sharedWith(name, surroundings).map((theirs) => `has the same ${property} as ${theirs}`);
  },
  together: (stack) => [
    ...Object.entries(stack.places)
      .sort(byName)
      .flatMap(([setting, place]) =>
        sharedWith(place, stack).map((theirs) => `${setting} is the same as ${theirs}.`),
      ),
    ...stack.neighbours
      .filter(({ places }) => places === null)
      .map(
        ({ stack: neighbour }) =>
          `The settings of ${neighbour} can't be read, so nobody can tell what it shares; mend Pulumi.${neighbour}.yaml.`,
      ),
  ],
};

/** Where other environments name the same place, as in `tollgate:artifactStore.bucket of dev`. */
function sharedWith(place: string, { neighbours }: Pick<Surroundings, "neighbours">): string[] {
  return neighbours.flatMap(({ stack, places }) =>
    Object.entries(places ?? {})
      .filter(([, theirs]) => isSame(place, theirs))
      .map(([setting]) => `${setting} of ${stack}`)
      .sort(),
  );
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]) => (a < b ? -1 : 1);

function isSame(one: string, other: string): boolean {
  return placeOf(one) === placeOf(other);
}

/** Ports that an address may leave out. */
const usualPorts = /:(80|443|5432|3306)(?=\/|$)/;

/** The thing itself: who asks, by which protocol and with which options doesn't make it another one. */
function placeOf(written: string): string {
  const place = written.trim().toLowerCase();
  const [, bucket] = /^(?:s3a?:\/\/|arn:aws[a-z-]*:s3:::)([^/]+)/.exec(place) ?? [];
  if (bucket !== undefined) return bucket;
  const [, address] = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^?#]*)/.exec(place) ?? [];
  return (address ?? place).replace(usualPorts, "").replace(/\/+$/, "");
}
