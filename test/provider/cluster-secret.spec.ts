// When a Secret of the cluster is as it must be, and what is said of those that aren't. Cannot prove that a real cluster
// takes what is made: the specs in test/cluster/ do.
import assert from "node:assert/strict";
import { ensureSecret } from "../../provider/cluster-secret";
import type { ClusterSecretInputs } from "../../provider/inputs";
import { type StandIn, startApiServer } from "../support/api-server";

const namespace = "shop-prod";
const secrets = `/api/v1/namespaces/${namespace}/secrets`;

describe("ensureSecret", () => {
  let server: StandIn;
  beforeEach(async () => {
    server = await startApiServer();
  });
  afterEach(() => server.close());

  function put(name: string, data: Record<string, string>): void {
    server.answers[`GET ${secrets}/${name}`] = { body: { metadata: { name }, data } };
  }

  /** Database and store that somebody else keeps. */
  function keptBy(name: string): ClusterSecretInputs {
    const kept = [
      { name: "orders-db", keys: ["url"] },
      { name: "models-s3", keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] },
    ];
    const { keys } = kept.find((each) => each.name === name)!;
    const cluster = server.address(namespace);
    return { cluster, name, keys, kept, labels: {}, generate: null, deleteData: false };
  }

  const both = { AWS_ACCESS_KEY_ID: "QQ==", AWS_SECRET_ACCESS_KEY: "Qg==" };

  for (const name of ["orders-db", "models-s3"]) {
    it(`names all that are missing, whichever is asked first: ${name}`, () =>
      assert.rejects(ensureSecret(keptBy(name)), {
        message:
          "there is no Secret orders-db in namespace shop-prod: make it with the key url; " +
          "there is no Secret models-s3 in namespace shop-prod: make it with the keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; " +
          "then run `up` again",
      }));
  }

  it("names the keys that one lacks, beside another that is missing", async () => {
    put("models-s3", { AWS_ACCESS_KEY_ID: "QQ==", AWS_SECRET_ACCESS_KEY: "" });
    await assert.rejects(ensureSecret(keptBy("models-s3")), {
      message:
        "there is no Secret orders-db in namespace shop-prod: make it with the key url; " +
        "Secret models-s3 in namespace shop-prod has no AWS_SECRET_ACCESS_KEY: add what is missing; " +
        "then run `up` again",
    });
  });

  it("tells by the fingerprint that a value of its own changed, and of no other", async () => {
    put("orders-db", { url: "QQ==" });
    put("models-s3", both);
    const before = await ensureSecret(keptBy("orders-db"));
    assert.match(before, /^[0-9a-f]{12}$/);
    put("models-s3", { ...both, AWS_ACCESS_KEY_ID: "Qw==" });
    assert.equal(await ensureSecret(keptBy("orders-db")), before);
    put("orders-db", { url: "Qw==" });
    assert.notEqual(await ensureSecret(keptBy("orders-db")), before);
    assert.deepEqual(new Set(server.seen.map(({ method }) => method)), new Set(["GET"]));
  });

  it("makes its own with random values, once", async () => {
    const inputs: ClusterSecretInputs = {
      cluster: server.address(namespace),
      name: "database",
      labels: { "app.kubernetes.io/name": "database" },
      generate: {
        random: [{ name: "password", bytes: 20 }],
        values: [{ key: "url", text: "postgresql://mlflow:${password}@database/mlflow" }],
      },
      keys: ["url"],
      deleteData: false,
    };
    const made = { metadata: { name: "database" }, data: { url: "QQ==" } };
    server.answers[`POST ${secrets}`] = () => {
      put("database", made.data);
      return { body: made };
    };
    assert.equal(await ensureSecret(inputs), await ensureSecret(inputs));
    const posts = server.seen.filter(({ method }) => method === "POST");
    assert.equal(posts.length, 1);
    const { stringData, metadata } = JSON.parse(posts[0]!.body) as {
      stringData: Record<string, string>;
      metadata: { labels: object };
    };
    assert.match(stringData["url"]!, /^postgresql:\/\/mlflow:[0-9a-f]{40}@database\/mlflow$/);
    assert.deepEqual(metadata.labels, inputs.labels);
  });
});
