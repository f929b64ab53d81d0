import { beside } from "./beside";
import {
  type GuardedResource,
  type GuardedStack,
  type Guardrail,
  isGroup,
  read,
  readList,
  shown,
  titled,
  unknown,
} from "./guardrail";

const buckets = ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"];
const acls = ["aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"];

/** Canned ACLs that let nobody but the owner and AWS' own log delivery in. */
const privateAcls = [
  "private",
  "bucket-owner-read",
  "bucket-owner-full-control",
  "log-delivery-write",
];

/** One thing that must be said of a bucket: in itself or in a resource beside it, and nowhere otherwise. */
interface Protection {
  readonly lacks: string;
  readonly types: readonly string[];
  /** What the bucket itself says; undefined where it says nothing. */
  readonly inline: (bucket: GuardedResource) => boolean | undefined;
  readonly isRight: (companion: GuardedResource) => boolean;
}

const protections: readonly Protection[] = [
  {
    lacks: "versioning",
    types: [
      "aws:s3/bucketVersioning:BucketVersioning",
      "aws:s3/bucketVersioningV2:BucketVersioningV2",
    ],
    inline: ({ props }) => {
      const versioning = read(
        first(read(props, "versioning") ?? read(props, "versionings")),
        "enabled",
      );
      return versioning === undefined ? undefined : versioning === true;
    },
    isRight: ({ props }) => read(props, "versioningConfiguration", "status") === "Enabled",
  },
  {
    lacks: "encryption",
    types: [
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
    ],
    inline: ({ props }) => {
      const configuration =
        read(props, "serverSideEncryptionConfiguration") ??
        read(props, "serverSideEncryptionConfigurations");
      if (configuration === undefined) return undefined;
      const inner = first(configuration);
      return areEncrypting([first(read(inner, "rule") ?? read(inner, "rules"))]);
    },
    isRight: ({ props }) => areEncrypting(readList(props, "rules")),
  },
  {
    lacks: "a block of all public access",
    types: ["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"],
    inline: () => undefined,
    isRight: ({ props }) =>
      ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].every(
        (key) => read(props, key) === true,
      ),
  },
];

/**
 * Refuses a bucket whose objects could be read by anybody, lie there in plain, or be lost by being overwritten: a model
 * version's bytes are only as good as the store they are in. What is said of a bucket twice must be right both times.
 *
 * A value that isn't known at preview is refused. Encryption must be written down, although S3 encrypts by default: by
 * which key is a decision.
 */
export const storePrivate: Guardrail = {
  name: "store-private",
  description: "Every bucket is versioned, encrypted and closed to the public.",
  severity: "critical",
  remedy:
    "Put a BucketVersioning (Enabled), a BucketServerSideEncryptionConfiguration and a BucketPublicAccessBlock (all four true) beside the bucket, and no public ACL.",
  alone({ type, props }) {
    if (![...buckets, ...acls].includes(type)) return [];
    const acl = read(props, "acl");
    const isPrivate = acl === undefined || privateAcls.includes(acl as string);
    return isPrivate ? [] : [`has the ACL ${shown(acl)}`];
  },
  together: (stack) =>
    stack.resources
      .filter(({ type }) => buckets.includes(type))
      .flatMap((bucket) =>
        protections
          .filter((protection) => !isProtected(bucket, protection, stack))
          .map(({ lacks }) => `${titled(bucket)} lacks ${lacks}.`),
      ),
};

function isProtected(bucket: GuardedResource, protection: Protection, stack: GuardedStack) {
  const { types, inline, isRight } = protection;
  const naming = { types, by: "bucket", names: ["bucket"] };
  const said = [inline(bucket), ...beside(bucket, naming, stack).map(isRight)];
  const meant = said.filter((each) => each !== undefined);
  return meant.length > 0 && meant.every((each) => each);
}

function areEncrypting(rules: readonly unknown[] | typeof unknown): boolean {
  if (rules === unknown || rules.length === 0) return false;
  return rules.every((rule) => {
    const algorithm = read(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm");
    return ["AES256", "aws:kms", "aws:kms:dsse"].includes(algorithm as string);
  });
}

/** Older versions of the provider have a list of one where newer ones have the thing. */
function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : isGroup(value) || value === unknown ? value : undefined;
}
