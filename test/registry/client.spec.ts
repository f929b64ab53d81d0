import assert from "node:assert/strict";
import { RegistryClient } from "../../registry/client";
import { connectRegistry, credentialsFrom } from "../../registry/connect";
import { isRegistryError } from "../../registry/errors";
import { type Received, standIn, type StandIn } from "./stand-in";

const version = (number: string) => ({ name: "churn", version: number, source: "s", run_id: "r1" });

describe("RegistryClient", () => {
  let server: StandIn;
  afterEach(() => server.close());

  /** A client of a server that gives these answers in turn. */
  const answering = async (...bodies: object[]): Promise<RegistryClient> => {
    server = await standIn((_, count) => ({ body: bodies[count - 1] ?? {} }));
    return new RegistryClient({ uri: server.uri, timeoutSeconds: 5 });
  };
  const sent = (received: Received | undefined): unknown => JSON.parse(received!.body);

  it("reads a version with what MLflow leaves out, and numbers written as strings", async () => {
    const client = await answering({
      model_version: {
        ...version("3"),
        creation_timestamp: "1700000000000",
        aliases: ["prod"],
        status_message: "",
      },
    });
    assert.deepEqual(await client.getModelVersion("churn", "3"), {
      name: "churn",
      version: "3",
      status: "READY",
      statusMessage: null,
      currentStage: "None",
      source: "s",
      runId: "r1",
      description: null,
      creationTimestamp: 1_700_000_000_000,
      tags: {},
      aliases: ["prod"],
    });
  });

  it("reads metrics that JSON has no number for, and sends them as MLflow wants them", async () => {
    const metrics = ["NaN", "Infinity", "-Infinity", 0.5].map((value, n) => ({
      key: `m${n}`,
      value,
    }));
    const info = {
      run_id: "r1",
      experiment_id: "1",
      status: "RUNNING",
      artifact_uri: "mlflow-artifacts:/1/r1/artifacts",
    };
    const client = await answering({ run: { info, data: { metrics } } });
    const run = await client.tracking.getRun("r1");
    assert.deepEqual(run.metrics, { m0: NaN, m1: Infinity, m2: -Infinity, m3: 0.5 });
    await client.tracking.logMetric("r1", { key: "loss", value: NaN, timestamp: 7 });
    assert.deepEqual(sent(server.received[1]), {
      run_id: "r1",
      key: "loss",
      value: "NaN",
      timestamp: 7,
      step: 0,
    });
  });

  it("gathers all pages of a search", async () => {
    const client = await answering(
      { model_versions: [version("3"), version("2")], next_page_token: "more+/=" },
      { model_versions: [version("1")], next_page_token: "" },
    );
    const found = await client.searchModelVersions("name='churn'");
    assert.deepEqual(
      found.map((one) => one.version),
      ["3", "2", "1"],
    );
    const url = new URL(server.received[1]!.url, server.uri);
    assert.equal(url.searchParams.get("page_token"), "more+/=");
    assert.equal(url.searchParams.get("filter"), "name='churn'");
  });

  it("ends a search whose server hands out the same page for ever", async () => {
    const page = { model_versions: [version("1")], next_page_token: "again" };
    const client = await answering(page, page, page);
    assert.equal((await client.searchModelVersions("name='churn'")).length, 2);
  });

  it("refuses an answer of another shape and names the field", async () => {
    const client = await answering({ model_versions: [{ name: "churn", version: true }] });
    await assert.rejects(
      client.searchModelVersions("name='churn'"),
      (error) =>
        isRegistryError(error, "bad-answer") &&
        error.message.includes("model_versions.0.version is not as expected"),
    );
  });

  it("asks to archive only for the stages that one version at a time may have", async () => {
    const answer = { model_version: version("1") };
    const client = await answering(answer, answer);
    await client.transitionModelVersionStage("churn", "1", "Staging", true);
    await client.transitionModelVersionStage("churn", "1", "None", true);
    const flags = server.received.map(
      (one) => (sent(one) as { archive_existing_versions: boolean }).archive_existing_versions,
    );
    assert.deepEqual(flags, [true, false]);
  });

  it("splits a long batch into what one request takes", async () => {
    const client = await answering();
    const params = Object.fromEntries(Array.from({ length: 230 }, (_, n) => [`p${n}`, String(n)]));
    await client.tracking.logBatch("r1", { params, tags: { a: "b" } });
    const batches = server.received.map(
      (one) => sent(one) as { params: unknown[]; tags: unknown[] },
    );
    assert.deepEqual(
      batches.map((batch) => [batch.params.length, batch.tags.length]),
      [
        [100, 1],
        [100, 0],
        [30, 0],
      ],
    );
  });

  it("refuses an artifact address on another host, which would get the credentials", async () => {
    const client = await answering();
    await assert.rejects(
      client.artifacts.listArtifactUri("mlflow-artifacts://elsewhere:5000/1/r1"),
      (error) => isRegistryError(error, "refused") && error.message.includes("is on another host"),
    );
    await client.artifacts.listArtifactUri(
      server.uri.replace("http:", "mlflow-artifacts:") + "/1/r1",
    );
    assert.deepEqual(
      server.received.map(({ url }) => url),
      ["/api/2.0/mlflow-artifacts/artifacts?path=1%2Fr1"],
    );
  });
});

describe("credentialsFrom", () => {
  it("reads the named variable and MLflow's own user and password, and takes empty ones as unset", () => {
    const environment = {
      MY_TOKEN: "t",
      MLFLOW_TRACKING_USERNAME: "u",
      MLFLOW_TRACKING_PASSWORD: "",
    };
    assert.deepEqual(credentialsFrom(environment, "MY_TOKEN"), {
      token: "t",
      username: "u",
      password: undefined,
    });
  });
});

describe("connectRegistry", () => {
  it("sends the token of the variable that the settings name", async () => {
    const server = await standIn(() => ({ body: "OK" }));
    try {
      const address = {
        uri: `${server.uri}/org/repo.mlflow`,
        caFile: null,
        tokenVariable: "MY_TOKEN",
        timeoutSeconds: 5,
      };
      await connectRegistry(address, { MY_TOKEN: "t" }).health();
      assert.equal(server.received[0]!.url, "/org/repo.mlflow/health");
      assert.equal(server.received[0]!.headers.authorization, "Bearer t");
    } finally {
      await server.close();
    }
  });
});
