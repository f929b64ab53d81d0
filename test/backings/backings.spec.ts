// Who keeps database and artifact store, for every way that settings can say it, and what external ones declare. Cannot
// prove that a server opens what is kept elsewhere: test/cluster/production.spec.ts does.
import assert from "node:assert/strict";
import { backingsOf, externalSecrets } from "../../backings";
import type { Keeper } from "../../backings/keeper";
import { resolveSettings } from "../../config/resolve";
import type { Settings } from "../../config/settings";
import { kubernetes } from "../../runtimes/kubernetes/declare";
import { local } from "../../runtimes/local/declare";
import { clusterSettings, stagingSettings } from "../support/fixtures";
import { registrationsOf } from "../support/mocks";

const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;
const images = {
  tollgate: image("tollgate"),
  postgres: image("postgres"),
  seaweedfs: image("seaweedfs"),
};
const inCluster = { runtime: "kubernetes", kubernetes: { images } };

/** Settings as a stack's file says them. */
function settingsOf(raw: Record<string, unknown>): Settings {
  const place = { stack: "staging", projectDir: "/project", requirements: "/requirements.lock" };
  return resolveSettings({ tier: "staging", model: "churn-model", ...raw }, place);
}

const database = { secret: "orders-db" };
const artifactStore = { secret: "models-s3" };
const elsewhere = { trackingServer: { uri: "https://registry.example.com" } };
const files = { database: { kind: "sqlite" }, artifactStore: { kind: "folder" } };

type Kept = { readonly database: Keeper; readonly artifactStore: Keeper } | null;

const both = (keeper: Keeper): Kept => ({ database: keeper, artifactStore: keeper });

const table: [said: string, raw: Record<string, unknown>, kept: Kept][] = [
  ["this machine", {}, both("own")],
  ["this machine, in files", files, both("own")],
  ["this machine, registry elsewhere", elsewhere, null],
  ["a cluster", inCluster, both("own")],
  ["a cluster, in files", { ...inCluster, ...files }, both("own")],
  ["a cluster, both elsewhere", { ...inCluster, database, artifactStore }, both("external")],
  [
    "a cluster, database elsewhere",
    { ...inCluster, database },
    { database: "external", artifactStore: "own" },
  ],
  [
    "a cluster, store elsewhere",
    { ...inCluster, artifactStore },
    { database: "own", artifactStore: "external" },
  ],
  ["a cluster, registry elsewhere", { ...inCluster, ...elsewhere }, null],
  [
    "a cluster, registry elsewhere beside Secrets that nobody reads then",
    { ...inCluster, ...elsewhere, database, artifactStore },
    null,
  ],
  [
    "a cluster, in files beside Secrets that open none",
    {
      ...inCluster,
      database: { ...database, kind: "sqlite" },
      artifactStore: { ...artifactStore, kind: "folder" },
    },
    both("own"),
  ],
];

describe("backingsOf", () => {
  for (const [said, raw, kept] of table) {
    it(`is chosen by settings alone: ${said}`, () => {
      const found = backingsOf(settingsOf(raw));
      assert.deepEqual(
        found && { database: found.database.keptBy, artifactStore: found.artifactStore.keptBy },
        kept,
      );
    });
  }

  it("is never external on this machine, whose settings can't name a Secret", () => {
    for (const raw of [{ database }, { artifactStore }]) {
      assert.throws(() => settingsOf(raw), /for runtime local keeps its own/);
    }
  });
});

describe("externalSecrets", () => {
  it("leave out a Secret that opens nothing, because data lies in files", () => {
    const raw = { ...inCluster, database: { ...database, kind: "sqlite" }, artifactStore };
    assert.deepEqual(
      externalSecrets(settingsOf(raw)).map(({ name }) => name),
      ["models-s3"],
    );
  });

  it("are those that a backing reads, with their keys", () => {
    assert.deepEqual(externalSecrets(settingsOf({ ...inCluster, database, artifactStore })), [
      { name: "orders-db", keys: ["url"] },
      { name: "models-s3", keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] },
    ]);
  });

  it("name a Secret that opens both once, with all keys", () => {
    const raw = { ...inCluster, database, artifactStore: { secret: "orders-db" } };
    assert.deepEqual(externalSecrets(settingsOf(raw)), [
      { name: "orders-db", keys: ["url", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] },
    ]);
  });

  it("are none where this stack, or another registry, keeps all", () => {
    for (const raw of [{}, inCluster, { ...inCluster, ...elsewhere, database, artifactStore }]) {
      assert.deepEqual(externalSecrets(settingsOf(raw)), []);
    }
  });
});

/** Settings of a cluster whose database and store are kept elsewhere. */
function external(settings: Settings): Settings {
  return {
    ...settings,
    database: { ...settings.database, secret: "orders-db" },
    artifactStore: {
      ...settings.artifactStore,
      secret: "models-s3",
      endpoint: "https://s3.example.com:9000",
    },
  };
}

describe("an external backing", () => {
  const secret = (name: string, keys: readonly string[]) => ({
    cluster: { kubeconfig: null, context: null, namespace: "churn-model-staging" },
    name,
    labels: {
      "app.kubernetes.io/name": name,
      "app.kubernetes.io/part-of": "churn-model",
      "app.kubernetes.io/managed-by": "tollgate",
      "tollgate.dev/stack": "staging",
    },
    keys,
    deleteData: false,
    generate: null,
    kept: [
      { name: "orders-db", keys: ["url"] },
      { name: "models-s3", keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] },
    ],
  });

  it("looks in a cluster whether the Secret of a database is there, and runs nothing", async () => {
    const backing = backingsOf(external(clusterSettings()))!.database;
    const registered = await registrationsOf(() => {
      const parts = backing.declare(kubernetes, "tracking-server", {});
      assert.equal(parts?.address, null);
      assert.equal(parts.secret.place, "orders-db");
      assert.deepEqual(parts.resources, []);
    });
    assert.deepEqual(registered, [
      {
        type: "tollgate:index:ClusterSecret",
        name: "tracking-server-database-secret",
        inputs: secret("orders-db", ["url"]),
      },
    ]);
  });

  it("looks in a cluster whether the Secret of a store is there, and says where the store is", async () => {
    const backing = backingsOf(external(clusterSettings()))!.artifactStore;
    const registered = await registrationsOf(() => {
      const parts = backing.declare(kubernetes, "artifact-store", {});
      assert.equal(parts.destination, "s3://churn-model-staging");
      assert.deepEqual(parts.environment, {
        MLFLOW_S3_ENDPOINT_URL: "https://s3.example.com:9000",
      });
      assert.equal(parts.secret?.place, "models-s3");
      assert.deepEqual(parts.resources, []);
    });
    assert.deepEqual(registered, [
      {
        type: "tollgate:index:ClusterSecret",
        name: "artifact-store-secret",
        inputs: secret("models-s3", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
      },
    ]);
  });

  it("is refused by a runtime that reads no Secret of others", () => {
    const backings = backingsOf(external(stagingSettings()))!;
    assert.throws(
      () => backings.database.declare(local, "tracking-server", {}),
      /^Error: Stack staging names Secret orders-db, and runtime local reads none that somebody else keeps\.$/,
    );
    assert.throws(() => backings.artifactStore.declare(local, "artifact-store", {}), /models-s3/);
  });
});
