import assert from "node:assert/strict";
import { deletionProtection } from "../../../policies/guardrails/deletion-protection";
import { unknown } from "../../../policies/guardrails/guardrail";
import { judged, resource } from "./stacks";

const database = "aws:rds/instance:Instance";
const bucket = "aws:s3/bucket:Bucket";
const process = "tollgate:index:Process";
const credential = "tollgate:index:Credential";
const check = (type: string, props: Record<string, unknown>, protect = true, production = true) =>
  judged(deletionProtection, [resource(type, "one", props, { protect })], { production });

describe("deletionProtection", () => {
  for (const [type, props] of [
    [database, { deletionProtection: true }],
    ["aws:rds/cluster:Cluster", { deletionProtection: true }],
    ["aws:docdb/cluster:Cluster", { deletionProtection: true }],
    ["aws:neptune/cluster:Cluster", { deletionProtection: true }],
    ["aws:dynamodb/table:Table", { deletionProtectionEnabled: true }],
    [bucket, { forceDestroy: false }],
    [bucket, {}],
    ["aws:efs/fileSystem:FileSystem", {}],
    ["kubernetes:core/v1:PersistentVolumeClaim", {}],
  ] as const) {
    it(`passes ${type} with ${JSON.stringify(props)} and the option protect, and refuses it without`, () => {
      assert.deepEqual(check(type, props), []);
      assert.deepEqual(check(type, props, false), [
        `${type} one lacks the resource option protect.`,
      ]);
    });
  }

  for (const [type, props, problem] of [
    [database, {}, "has nothing for deletionProtection, which must be true"],
    [database, { deletionProtection: false }, "has false for deletionProtection, which must be true"], // prettier-ignore
    [database, { deletionProtection: unknown }, "has a value not known yet for deletionProtection, which must be true"], // prettier-ignore
    [database, { deletionProtection: "true" }, 'has "true" for deletionProtection, which must be true'], // prettier-ignore
    ["aws:dynamodb/table:Table", {}, "has nothing for deletionProtectionEnabled, which must be true"], // prettier-ignore
    [bucket, { forceDestroy: true }, "has true for forceDestroy, which must be false"],
    [bucket, { forceDestroy: unknown }, "has a value not known yet for forceDestroy, which must be false"], // prettier-ignore
    ["aws:s3/bucketV2:BucketV2", { forceDestroy: true }, "has true for forceDestroy, which must be false"], // prettier-ignore
    [process, { deleteData: true }, "has true for deleteData, which must be false"],
    [credential, { deleteData: true }, "has true for deleteData, which must be false"],
  ] as const) {
    it(`refuses ${type} that ${problem}`, () => {
      assert.deepEqual(check(type, { ...props }), [`${type} one ${problem}.`]);
    });
  }

  it("refuses a claim in a list, whatever its version", () => {
    const list = "kubernetes:core/v1:PersistentVolumeClaimList";
    assert.deepEqual(check(list, { items: [{ metadata: { name: "data" } }] }, false), [
      `${list} one lacks the resource option protect.`,
    ]);
    assert.equal(check("kubernetes:v1:PersistentVolumeClaim", {}, false).length, 1);
  });

  it("passes a claim of Tollgate's own components, which destroy leaves", () => {
    const type = "kubernetes:core/v1:PersistentVolumeClaim";
    const claim = resource(type, "one", {}, { protect: false });
    const below = (parent: string) => ({
      ...claim,
      urn: `urn:pulumi:s::p::${parent}$${type}::one`,
    });
    const judge = (parent: string) =>
      judged(deletionProtection, [below(parent)], { production: true });
    assert.deepEqual(judge("tollgate:component:TrackingServer"), []);
    assert.deepEqual(judge("theirs:component:Database"), [
      `${type} one lacks the resource option protect.`,
    ]);
  });

  it("lets Tollgate's own processes come and go, as their data stays", () => {
    assert.deepEqual(check(process, { deleteData: false }, false), []);
  });

  it("leaves other environments and other resources alone", () => {
    assert.deepEqual(check(bucket, { forceDestroy: true }, false, false), []);
    assert.deepEqual(check("aws:s3/bucketObject:BucketObject", {}, false), []);
    assert.deepEqual(check("kubernetes:core/v1:ConfigMap", {}, false), []);
  });
});
