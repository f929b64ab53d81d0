import assert from "node:assert/strict";
import fc from "fast-check";
import { type GuardedStack, unknown } from "../../../policies/guardrails/guardrail";
import { nothingShared } from "../../../policies/guardrails/nothing-shared";
import { judged, resource } from "./stacks";

const setting = "tollgate:artifactStore.bucket";
const database = "churn:databaseUrl";
const neighbours: GuardedStack["neighbours"] = [
  {
    stack: "dev",
    places: { [setting]: "models-dev", [database]: "postgres://db.example.com/dev" },
  },
  { stack: "staging", places: { "tollgate:trackingServer.uri": "https://mlflow.example.com" } },
];
const check = (
  places: Record<string, string>,
  resources: [string, Record<string, unknown>][] = [],
  others: GuardedStack["neighbours"] = neighbours,
) =>
  judged(
    nothingShared,
    resources.map(([type, props]) => resource(type, "one", props)),
    { places, neighbours: others },
  );

describe("nothingShared", () => {
  it("passes environments with places of their own", () => {
    const own = { [setting]: "models-prod", [database]: "postgres://db.example.com/prod" };
    assert.deepEqual(check(own), []);
  });

  it("refuses a bucket of another environment", () => {
    assert.deepEqual(check({ [setting]: "models-dev" }), [
      `${setting} is the same as ${setting} of dev.`,
    ]);
  });

  it("refuses a setting that two environments name", () => {
    const places = { [setting]: "models-dev" };
    const both = ["dev", "staging"].map((stack) => ({ stack, places }));
    assert.deepEqual(check(places, [], both), [
      `${setting} is the same as ${setting} of dev.`,
      `${setting} is the same as ${setting} of staging.`,
    ]);
  });

  for (const [place, where] of [
    ["https://MLflow.example.com/", "tollgate:trackingServer.uri of staging"],
    ["http://mlflow.example.com:80", "tollgate:trackingServer.uri of staging"],
    ["postgresql://other:pa$$@db.example.com:5432/dev?sslmode=require", `${database} of dev`],
    ["s3://models-dev/prefix", `${setting} of dev`],
    ["arn:aws:s3:::models-dev", `${setting} of dev`],
    [" models-dev ", `${setting} of dev`],
  ] as const) {
    it(`refuses ${place.trim()}, which is another's however it is written, and doesn't repeat it`, () => {
      assert.deepEqual(check({ "churn:place": place }), [`churn:place is the same as ${where}.`]);
    });
  }

  for (const [type, property, name] of [
    ["aws:s3/bucket:Bucket", "bucket", "models-dev"],
    ["aws:rds/instance:Instance", "identifier", "churn-dev"],
    ["aws:rds/cluster:Cluster", "clusterIdentifier", "churn-dev"],
    ["aws:secretsmanager/secret:Secret", "name", "churn-dev"],
  ] as const) {
    it(`refuses ${type} that names what another environment's settings name`, () => {
      const others = [{ stack: "dev", places: { "churn:name": name } }];
      assert.deepEqual(check({}, [[type, { [property]: name }]], others), [
        `${type} one has the same ${property} as churn:name of dev.`,
      ]);
    });
  }

  it("passes what is only about a bucket, as that is judged itself", () => {
    const about = "aws:s3/bucketVersioning:BucketVersioning";
    assert.deepEqual(check({}, [[about, { bucket: "models-dev" }]]), []);
  });

  it("refuses when another environment's settings can't be read", () => {
    assert.deepEqual(check({}, [], [{ stack: "dev", places: null }]), [
      "The settings of dev can't be read, so nobody can tell what it shares; mend Pulumi.dev.yaml.",
    ]);
  });

  for (const bucket of [unknown, undefined, 7]) {
    it(`passes the name ${String(bucket)}: the provider chooses or refuses it`, () => {
      assert.deepEqual(check({}, [["aws:s3/bucket:Bucket", { bucket }]]), []);
    });
  }

  it("finds a shared address whoever asks, and tells neither user nor password", () => {
    const word = fc.stringMatching(/^[a-z0-9]{3,12}$/);
    fc.assert(
      fc.property(word, word, word, (user, password, name) => {
        const address = (who: string) => `postgres://${who}@db.example.com/${name}`;
        const others = [{ stack: "dev", places: { [database]: address("a:b") } }];
        const [sentence, ...more] = check(
          { [database]: address(`${user}:${password}`) },
          [],
          others,
        );
        assert.equal(sentence, `${database} is the same as ${database} of dev.`);
        assert.deepEqual(more, []);
      }),
    );
  });
});
