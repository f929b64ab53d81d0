import assert from "node:assert/strict";
import { type GuardedResource, unknown } from "../../../policies/guardrails/guardrail";
import { storePrivate } from "../../../policies/guardrails/store-private";
import { judged, resource, urnOf } from "./stacks";

const bucketType = "aws:s3/bucket:Bucket";
const bucketOf = (props: Record<string, unknown>) =>
  resource(bucketType, "models", { bucket: "models-prod", ...props });
const bucket = bucketOf({});
const versioning = (props: Record<string, unknown> = {}) =>
  resource("aws:s3/bucketVersioning:BucketVersioning", "versioning", {
    bucket: "models-prod",
    versioningConfiguration: { status: "Enabled" },
    ...props,
  });
const rule = (sseAlgorithm: unknown) => ({ applyServerSideEncryptionByDefault: { sseAlgorithm } });
const encryption = (rules: unknown = [rule("aws:kms")]) =>
  resource(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "encryption",
    { bucket: "models-prod", rules },
  );
const block = (props: Record<string, unknown> = {}) =>
  resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", {
    bucket: "models-prod",
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
    ...props,
  });
const check = (...resources: GuardedResource[]) => judged(storePrivate, resources);

describe("storePrivate", () => {
  it("passes a bucket that is versioned, encrypted and closed", () => {
    assert.deepEqual(check(bucket, versioning(), encryption(), block()), []);
  });

  it("refuses a bucket alone, naming all that it lacks", () => {
    assert.deepEqual(check(bucket), [
      `${bucketType} models lacks versioning.`,
      `${bucketType} models lacks encryption.`,
      `${bucketType} models lacks a block of all public access.`,
    ]);
  });

  for (const [what, resources, lacks] of [
    ["suspended versioning", [versioning({ versioningConfiguration: { status: "Suspended" } }), encryption(), block()], "versioning"], // prettier-ignore
    ["versioning that says nothing", [versioning({ versioningConfiguration: undefined }), encryption(), block()], "versioning"], // prettier-ignore
    ["versioning of another bucket", [versioning({ bucket: "models-dev" }), encryption(), block()], "versioning"], // prettier-ignore
    ["versioning of a bucket not known yet", [versioning({ bucket: unknown }), encryption(), block()], "versioning"], // prettier-ignore
    ["versioning that is enabled here and suspended there", [versioning(), versioning({ versioningConfiguration: { status: "Suspended" } }), encryption(), block()], "versioning"], // prettier-ignore
    ["encryption by no known algorithm", [versioning(), encryption([rule("none")]), block()], "encryption"], // prettier-ignore
    ["encryption without a rule", [versioning(), encryption([]), block()], "encryption"],
    ["encryption by one rule of two", [versioning(), encryption([rule("AES256"), {}]), block()], "encryption"], // prettier-ignore
    ["encryption not known yet", [versioning(), encryption([rule(unknown)]), block()], "encryption"], // prettier-ignore
    ["encryption by rules not known yet", [versioning(), encryption(unknown), block()], "encryption"], // prettier-ignore
    ["a block with a gap", [versioning(), encryption(), block({ ignorePublicAcls: false })], "a block of all public access"], // prettier-ignore
    ["a block of another type", [versioning(), encryption(), block({ ignorePublicAcls: "true" })], "a block of all public access"], // prettier-ignore
    ["a block not known yet", [versioning(), encryption(), block({ blockPublicAcls: unknown })], "a block of all public access"], // prettier-ignore
    ["a second block with a gap", [versioning(), encryption(), block(), block({ blockPublicPolicy: false })], "a block of all public access"], // prettier-ignore
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(check(bucket, ...resources), [`${bucketType} models lacks ${lacks}.`]);
    });
  }

  describe("what a bucket says of itself", () => {
    const inline = {
      versioning: { enabled: true },
      serverSideEncryptionConfiguration: { rule: rule("AES256") },
    };

    it("passes versioning and encryption, as older versions of the provider write them too", () => {
      assert.deepEqual(check(bucketOf(inline), block()), []);
      const older = {
        versionings: [{ enabled: true }],
        serverSideEncryptionConfigurations: [{ rules: [rule("AES256")] }],
      };
      assert.deepEqual(check(bucketOf(older), block()), []);
    });

    for (const [change, lacks] of [
      [{ versioning: { enabled: false } }, "versioning"],
      [{ versioning: { enabled: unknown } }, "versioning"],
      [{ versioning: unknown }, "versioning"],
      [{ versioning: { enabled: "true" } }, "versioning"],
      [{ serverSideEncryptionConfiguration: {} }, "encryption"],
      [{ serverSideEncryptionConfiguration: { rule: rule("none") } }, "encryption"],
      [{ serverSideEncryptionConfiguration: unknown }, "encryption"],
    ] as const) {
      it(`refuses ${Object.keys(change)[0]} that isn't on, though a resource beside it says so`, () => {
        const vague = bucketOf({ ...inline, ...change });
        const sentences = [`${bucketType} models lacks ${lacks}.`];
        assert.deepEqual(check(vague, versioning(), encryption(), block()), sentences);
      });
    }
  });

  describe("access control lists", () => {
    for (const acl of ["public-read", "public-read-write", "authenticated-read", unknown, 7]) {
      it(`refuses ${String(acl)} on the bucket and beside it`, () => {
        const shown = acl === unknown ? "a value not known yet" : JSON.stringify(acl);
        const open = bucketOf({ acl });
        assert.deepEqual(check(open, versioning(), encryption(), block()), [
          `${bucketType} models has the ACL ${shown}.`,
        ]);
        assert.deepEqual(check(resource("aws:s3/bucketAcl:BucketAcl", "acl", { acl })), [
          `aws:s3/bucketAcl:BucketAcl acl has the ACL ${shown}.`,
        ]);
      });
    }

    it("passes private ones", () => {
      const acl = resource("aws:s3/bucketAclV2:BucketAclV2", "acl", { acl: "log-delivery-write" });
      assert.deepEqual(check(acl), []);
      assert.deepEqual(check(bucketOf({ acl: "private" }), versioning(), encryption(), block()), []); // prettier-ignore
    });
  });

  describe("a bucket whose name isn't known yet", () => {
    const refersTo = { bucket: [urnOf(bucketType, "models")] };
    const all = [versioning(), encryption(), block()];
    const beside = (name: unknown) =>
      all.map((each) => ({ ...each, props: { ...each.props, bucket: name }, refersTo }));

    it("passes with what was made from it beside it", () => {
      const nameless = resource(bucketType, "models", { bucket: unknown });
      assert.deepEqual(check(nameless, ...beside(unknown)), []);
      assert.equal(check(nameless, ...all).length, 3);
    });

    it("passes when the name is chosen by AWS and told afterwards", () => {
      assert.deepEqual(check(resource(bucketType, "models", {}), ...beside("models-4f2a")), []);
    });

    it("refuses what was made from it but names another", () => {
      assert.equal(check(bucket, ...beside("models-prod-2")).length, 3);
    });
  });

  it("judges the older type of a bucket alike", () => {
    const older = resource("aws:s3/bucketV2:BucketV2", "models", { bucket: "models-prod" });
    assert.equal(check(older).length, 3);
    assert.deepEqual(check(older, versioning(), encryption(), block()), []);
  });

  it("passes a stack without buckets", () => assert.deepEqual(check(), []));
});
