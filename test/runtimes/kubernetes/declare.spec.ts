// What runtime kubernetes declares, with exactly which inputs and in which order. Cannot prove that a cluster takes it:
// the specs in test/cluster/ do.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ArtifactStore } from "../../../components/artifact-store";
import { Foundation } from "../../../components/foundation";
import { TrackingServer } from "../../../components/tracking-server";
import type { Settings } from "../../../config/settings";
import { kubernetes } from "../../../runtimes/kubernetes/declare";
import { clusterSettings, stagingSettings } from "../../support/fixtures";
import { registrationsOf } from "../../support/mocks";
import { type Declared, declaredBy } from "./declared";
import { changed, filesOnly, keptElsewhere } from "./support";

const labels = (name: string) => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/part-of": "churn-model",
  "app.kubernetes.io/managed-by": "tollgate",
  "tollgate.dev/stack": "staging",
});
const cluster = { kubeconfig: null, context: null, namespace: "churn-model-staging" };

const fingerprint = ({ type }: { type: string }) =>
  type === "tollgate:index:ClusterSecret" ? { fingerprint: "0123456789ab" } : {};

/** What each waits for, by name. */
function orderOf(declared: readonly Declared[]): Record<string, readonly string[]> {
  return Object.fromEntries(declared.map(({ name, after }) => [name, after]));
}

function secretsOf(declared: readonly Declared[]): Declared[] {
  return declared
    .filter(({ type }) => type === "tollgate:index:ClusterSecret")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the components of a registry declare, without themselves. */
async function registry(change: Partial<Settings> = {}): Promise<Declared[]> {
  const settings = clusterSettings(change);
  const declared = await declaredBy((opts) => {
    const runtime = kubernetes;
    const store = new ArtifactStore("artifact-store", { runtime, settings }, opts);
    new TrackingServer("tracking-server", { runtime, settings, store }, opts);
  }, fingerprint);
  return declared.filter(({ type }) => !type.startsWith("tollgate:component:"));
}

/** Declares what everything else stands in, and gives the options for that. */
function foundation(settings: Settings): pulumi.ComponentResourceOptions {
  return Foundation.belowOf("foundation", { runtime: kubernetes, settings });
}

describe("Foundation on kubernetes", () => {
  it("declares the cluster by path and name alone, and everything in it below", async () => {
    const settings = clusterSettings(
      {},
      { cluster: { ...cluster, kubeconfig: "/home/mira/kubeconfig", context: "staging" } },
    );
    const registered = await registrationsOf(() => foundation(settings));
    const [provider, component, ...objects] = registered;
    assert.deepEqual(provider, {
      type: "pulumi:providers:kubernetes",
      name: "foundation-cluster",
      inputs: {
        kubeconfig: "/home/mira/kubeconfig",
        context: "staging",
        namespace: "churn-model-staging",
        clusterIdentifier: "churn-model-staging",
      },
    });
    assert.deepEqual(component, {
      type: "tollgate:component:Foundation",
      name: "foundation",
      inputs: {
        stateDir: "/project/.tollgate/staging",
        context: "staging",
        namespace: "churn-model-staging",
      },
    });
    const kinds = new Set(objects.map(({ type }) => type.split(":").at(-1)));
    assert.deepEqual(
      [...kinds].sort(),
      ["LimitRange", "Namespace", "NetworkPolicy", "ResourceQuota", "Role", "ServiceAccount"], // prettier-ignore
    );
  });

  it("leaves out what the settings don't say, so that the plugin looks where kubectl looks", async () => {
    const [provider] = await registrationsOf(() => foundation(clusterSettings()));
    assert.deepEqual(Object.keys(provider!.inputs).sort(), ["clusterIdentifier", "namespace"]);
  });

  it("gives the rest of the environment its cluster, and all of itself to wait for", async () => {
    let below: pulumi.ComponentResourceOptions = {};
    const registered = await registrationsOf(() => {
      below = foundation(clusterSettings());
    });
    assert.equal((below.providers as pulumi.ProviderResource[]).length, 1);
    assert.equal((below.dependsOn as pulumi.Resource[]).length, registered.length - 2);
  });

  it("refuses settings without a cluster", () => {
    assert.throws(
      () => foundation(stagingSettings()),
      /^Error: Stack staging has runtime kubernetes and no settings for it: write tollgate:kubernetes\.$/,
    );
  });
});

describe("ArtifactStore and TrackingServer on kubernetes", () => {
  it("makes Secrets by saying what is in them, never with a value", async () => {
    const secrets = secretsOf(await registry());
    assert.deepEqual(
      secrets.map(({ name, inputs }) => [name, inputs]),
      [
        [
          "artifact-store-secret",
          {
            cluster,
            name: "artifact-store",
            labels: labels("artifact-store"),
            generate: {
              random: [
                { name: "access", bytes: 10 },
                { name: "secret", bytes: 20 },
              ],
              values: [
                { key: "AWS_ACCESS_KEY_ID", text: "${access}" },
                { key: "AWS_SECRET_ACCESS_KEY", text: "${secret}" },
                {
                  key: "s3.json",
                  text: '{"identities":[{"name":"tollgate","credentials":[{"accessKey":"${access}","secretKey":"${secret}"}],"actions":["Admin","Read","Write","List","Tagging"]}]}',
                },
              ],
            },
            keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "s3.json"],
            deleteData: false,
          },
        ],
        [
          "tracking-server-database-secret",
          {
            cluster,
            name: "database",
            labels: labels("database"),
            generate: {
              random: [{ name: "password", bytes: 20 }],
              values: [
                { key: "password", text: "${password}" },
                { key: "url", text: "postgresql://mlflow:${password}@database:5432/mlflow" },
              ],
            },
            keys: ["password", "url"],
            deleteData: false,
          },
        ],
      ],
    );
  });

  it("makes none that somebody else keeps, and knows all of those with each", async () => {
    const secrets = secretsOf(await registry(keptElsewhere));
    const kept = [
      { name: "orders-db", keys: ["url"] },
      { name: "models-s3", keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] },
    ];
    assert.deepEqual(
      secrets.map(({ inputs }) => [
        inputs["name"],
        inputs["generate"],
        inputs["keys"],
        inputs["kept"],
      ]),
      [kept[1]!, kept[0]!].map(({ name, keys }) => [name, null, keys, kept]),
    );
  });

  it("goes from Secrets to stores, the migration, the server, and its Service last", async () => {
    const order = orderOf(await registry());
    const migration = Object.keys(order).find((name) => name.includes("-job-tracking-server-"))!;
    const database = "tracking-server-database";
    assert.deepEqual(order["artifact-store-statefulset-artifact-store"], ["artifact-store-secret"]);
    assert.deepEqual(order[`${database}-statefulset-database`], [`${database}-secret`]);
    assert.ok(order[`${database}-statefulset-ready`]?.includes(`${database}-statefulset-database`));
    assert.ok(order[migration]?.includes(`${database}-statefulset-ready`));
    assert.ok(order[`${database}-job-ready`]?.includes(migration));
    assert.deepEqual(order["tracking-server-deployment-tracking-server"], [
      `${database}-job-ready`,
      "artifact-store-statefulset-ready",
    ]);
    assert.ok(
      order["tracking-server-deployment-ready"]?.includes(
        "tracking-server-deployment-tracking-server",
      ),
    );
    assert.ok(
      order["tracking-server-service-tracking-server"]?.includes(
        "tracking-server-deployment-ready",
      ),
    );
  });

  it("tells the server's pods of both Secrets by their fingerprints", async () => {
    const server = (await registry()).find(
      ({ name }) => name === "tracking-server-deployment-tracking-server",
    );
    const { template } = server?.inputs["spec"] as {
      template: { metadata: { annotations: object } };
    };
    assert.deepEqual(template.metadata.annotations, {
      "tollgate.dev/secrets": "artifact-store=0123456789ab,database=0123456789ab",
    });
  });

  it("makes the registry's password before its server, and rolls it with the password", async () => {
    const credentials = { secretName: "registry-credentials" };
    const declared = await registry(changed("trackingServer", { credentials }));
    const secret = secretsOf(declared).find(({ name }) => name === "tracking-server-credentials");
    assert.deepEqual(secret?.inputs["generate"], {
      random: [{ name: "password", bytes: 20 }],
      values: [
        { key: "MLFLOW_TRACKING_USERNAME", text: "tollgate" },
        { key: "MLFLOW_TRACKING_PASSWORD", text: "${password}" },
      ],
    });
    const server = declared.find(
      ({ name }) => name === "tracking-server-deployment-tracking-server",
    );
    assert.ok(orderOf(declared)[server!.name]?.includes("tracking-server-credentials"));
    assert.match(
      JSON.stringify(server!.inputs["spec"]),
      /"tollgate.dev\/secrets":"[^"]*registry-credentials=0123456789ab"/,
    );
  });

  it("only looks whether the Secrets of others are there, and migrates their database", async () => {
    const declared = await registry(keptElsewhere);
    const secrets = secretsOf(declared);
    assert.deepEqual(
      secrets.map(({ inputs }) => [inputs["name"], inputs["generate"], inputs["keys"]]),
      [
        ["models-s3", null, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]],
        ["orders-db", null, ["url"]],
      ],
    );
    const order = orderOf(declared);
    const migration = Object.keys(order).find((name) => name.includes("-job-tracking-server-"))!;
    assert.deepEqual(order[migration], ["tracking-server-database-secret"]);
    assert.ok(!declared.some(({ type }) => type.endsWith(":StatefulSet")));
  });

  it("is a volume, a server and a Service where files do", async () => {
    const declared = await registry(filesOnly);
    assert.deepEqual(
      declared.map(({ name }) => name),
      [
        "tracking-server-persistentvolumeclaim-tracking-server",
        "tracking-server-deployment-tracking-server",
        "tracking-server-deployment-ready",
        "tracking-server-service-tracking-server",
      ],
    );
  });

  it("is nothing where the registry is kept elsewhere", async () => {
    const uri = "https://registry.example.com";
    const elsewhere = changed("trackingServer", { managed: false, uri });
    assert.deepEqual(await registry(elsewhere), []);
  });
});
