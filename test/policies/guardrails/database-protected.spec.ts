import assert from "node:assert/strict";
import { databaseProtected } from "../../../policies/guardrails/database-protected";
import { unknown } from "../../../policies/guardrails/guardrail";
import { judged, resource, urnOf } from "./stacks";

const instance = "aws:rds/instance:Instance";
const safe = { storageEncrypted: true, backupRetentionPeriod: 7, multiAz: true };
const check = (props: Record<string, unknown>, production = true) =>
  judged(databaseProtected, [resource(instance, "db", { ...safe, ...props })], { production });

describe("databaseProtected", () => {
  it("passes a database that is encrypted, backed up, private and in two zones", () => {
    assert.deepEqual(check({}), []);
    assert.deepEqual(check({ publiclyAccessible: false, backupRetentionPeriod: 1 }), []);
  });

  for (const [props, problem] of [
    [{ storageEncrypted: false }, "has false for storageEncrypted, which must be true"],
    [{ storageEncrypted: undefined }, "has nothing for storageEncrypted, which must be true"],
    [{ storageEncrypted: "true" }, 'has "true" for storageEncrypted, which must be true'],
    [{ storageEncrypted: unknown }, "has a value not known yet for storageEncrypted, which must be true"], // prettier-ignore
    [{ backupRetentionPeriod: 0 }, "keeps backups for 0 days, which must be at least 1"],
    [{ backupRetentionPeriod: undefined }, "keeps backups for 0 days, which must be at least 1"],
    [{ backupRetentionPeriod: "7" }, 'keeps backups for "7" days, which must be at least 1'],
    [{ backupRetentionPeriod: Number.NaN }, "keeps backups for NaN days, which must be at least 1"],
    [{ backupRetentionPeriod: unknown }, "keeps backups for a value not known yet days, which must be at least 1"], // prettier-ignore
    [{ publiclyAccessible: true }, "has true for publiclyAccessible, which must be false"],
    [{ publiclyAccessible: unknown }, "has a value not known yet for publiclyAccessible, which must be false"], // prettier-ignore
    [{ multiAz: false }, "has false for multiAz, which must be true"],
    [{ multiAz: undefined }, "has nothing for multiAz, which must be true"],
  ] as const) {
    it(`refuses one that ${problem}`, () => {
      assert.deepEqual(check(props), [`${instance} db ${problem}.`]);
    });
  }

  it("takes one zone outside of production, and nothing else", () => {
    assert.deepEqual(check({ multiAz: false }, false), []);
    assert.equal(check({ storageEncrypted: false }, false).length, 1);
  });

  it("asks a replica for no backups and no second zone, and for the rest", () => {
    const replica = { backupRetentionPeriod: 0, multiAz: false };
    assert.deepEqual(check({ ...replica, replicateSourceDb: "primary" }), []);
    assert.deepEqual(check({ ...replica, replicateSourceDb: unknown }), []);
    assert.equal(check({ ...replica, replicateSourceDb: "" }).length, 2);
    const open = { ...replica, replicateSourceDb: "primary", publiclyAccessible: true };
    assert.equal(check({ ...open, storageEncrypted: false }).length, 2);
  });

  for (const service of ["rds", "docdb", "neptune"]) {
    describe(`a cluster of ${service}`, () => {
      const cluster = `aws:${service}/cluster:Cluster`;
      const clusterInstance = `aws:${service}/clusterInstance:ClusterInstance`;
      const props = { storageEncrypted: true, clusterIdentifier: "churn" };
      const db = resource(cluster, "db", props);
      const member = (name: string, own: Record<string, unknown> = {}) =>
        resource(clusterInstance, name, { clusterIdentifier: "churn", ...own });
      const inZones = (zones: number) => [
        `${cluster} db has instances in ${zones} of the 2 zones it needs.`,
      ];

      it("passes with two instances, by name or by reference", () => {
        const refersTo = { clusterIdentifier: [urnOf(cluster, "db")] };
        const referring = { ...member("two", { clusterIdentifier: unknown }), refersTo };
        assert.deepEqual(judged(databaseProtected, [db, member("one"), referring]), []);
      });

      it("passes a cluster with instances of its own", () => {
        const own = resource(cluster, "db", { ...props, dbClusterInstanceClass: "db.r6gd.large" });
        assert.deepEqual(judged(databaseProtected, [own]), []);
      });

      it("refuses a single instance in production, or those of another cluster", () => {
        const other = member("two", { clusterIdentifier: "other" });
        assert.deepEqual(judged(databaseProtected, [db, member("one"), other]), inZones(1));
        assert.deepEqual(judged(databaseProtected, [db]), inZones(0));
        assert.deepEqual(judged(databaseProtected, [db], { production: false }), []);
      });

      it("refuses two instances in one zone, also in zones not known yet", () => {
        for (const availabilityZone of ["eu-west-1a", unknown]) {
          const members = ["one", "two"].map((name) => member(name, { availabilityZone }));
          assert.deepEqual(judged(databaseProtected, [db, ...members]), inZones(1));
        }
        const apart = [member("one", { availabilityZone: "a" }), member("two")];
        assert.deepEqual(judged(databaseProtected, [db, ...apart]), []);
      });

      it("refuses a public instance, a plain disk and no backups", () => {
        const plain = resource(cluster, "db", { ...props, storageEncrypted: undefined, backupRetentionPeriod: 0 }); // prettier-ignore
        const open = member("two", { publiclyAccessible: true });
        assert.deepEqual(judged(databaseProtected, [plain, member("one"), open]), [
          `${cluster} db has nothing for storageEncrypted, which must be true.`,
          `${cluster} db keeps backups for 0 days, which must be at least 1.`,
          `${clusterInstance} two has true for publiclyAccessible, which must be false.`,
        ]);
      });
    });
  }
});
