// On real servers: one registry with its artifact proxy over S3, one that has its clients use S3 directly.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { copyModelVersion } from "../../registry/artifacts";
import { fetchCandidateFacts } from "../../registry/candidate";
import { RegistryClient } from "../../registry/client";
import { digestOfFolder, digestOfModelVersion } from "../../registry/digest";
import { isRegistryError } from "../../registry/errors";
import { artifactPath } from "../../registry/artifact-paths";
import { versionTags } from "../../registry/evidence";
import { nameFilter } from "../../registry/filter";
import { openModelVersion } from "../../registry/model-files";
import { openArtifactFolder } from "../../registry/stores/open-folder";
import { compliantEvidence } from "../support/fixtures";
import { freePort } from "../../processes/ports";
import { type Mlflow, runPython, startMlflow, testPython } from "../support/mlflow";
import { type S3Server, startS3 } from "./s3-server";

// With what a name may hold besides letters.
const name = "churn model (v2), größer";
const serving = path.join(__dirname, "..", "..", "serving");
const bucket = "registry-test";
const notFound = (error: unknown) => isRegistryError(error, "not-found");

/** Trains and registers a version as a project of a user does. */
const register = `
import sys, mlflow
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
X, y = make_classification(200, 10, random_state=42)
mlflow.set_experiment(sys.argv[2])
with mlflow.start_run():
    mlflow.log_metric("accuracy", 0.91)
    mlflow.log_metric("loss", float("nan"))
    mlflow.log_param("model", "logreg")
    model = LogisticRegression().fit(X, y)
    mlflow.sklearn.log_model(model, name="model", registered_model_name=sys.argv[1], input_example=X[:2])
`;

/** Downloads as an ordinary client does, and takes the digest by the Python side's own code. */
const download = `
import sys, mlflow
from pathlib import Path
from tollgate_serving.digest import digest_of_folder
folder = mlflow.artifacts.download_artifacts(f"models:/{sys.argv[1]}/{sys.argv[2]}", dst_path=sys.argv[3])
print(digest_of_folder(Path(folder)))
`;

/** One line of predictions for each registry and model address. */
const predict = `
import sys, mlflow, numpy
rows = numpy.random.default_rng(7).normal(size=(20, 10))
for uri, model in zip(sys.argv[1::2], sys.argv[2::2]):
    mlflow.set_tracking_uri(uri)
    print(mlflow.pyfunc.load_model(model).predict(rows).tolist())
`;

const stageOf = `
import sys, mlflow
client = mlflow.MlflowClient()
for version in sorted(client.search_model_versions(f"name='{sys.argv[1]}'"), key=lambda v: int(v.version)):
    print(version.version, version.current_stage)
`;

describe("RegistryClient on real MLflow servers", function () {
  this.timeout(180_000);
  let dir: string;
  let s3: S3Server;
  let staging: Mlflow;
  let prod: Mlflow;
  let client: RegistryClient;
  let prodClient: RegistryClient;
  let downloads = 0;

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), "tollgate-mlflow-"));
    s3 = await startS3(path.join(dir, "s3"), await testPython());
    [staging, prod] = await Promise.all([
      startMlflow({
        dir: path.join(dir, "staging"),
        artifactsDestination: `s3://${bucket}/staging`,
        environment: s3.environment,
      }),
      startMlflow({
        dir: path.join(dir, "prod"),
        directArtifactRoot: `s3://${bucket}/mlflow`,
        environment: s3.environment,
      }),
    ]);
    client = new RegistryClient({ uri: staging.uri, timeoutSeconds: 20 });
    prodClient = new RegistryClient({
      uri: prod.uri,
      timeoutSeconds: 20,
      environment: s3.environment,
    });
    await python(staging, register, [name, "churn_staging"]);
  });
  after(async () => {
    await Promise.all([staging?.stop(), prod?.stop()]);
    await s3?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const python = (server: Mlflow, program: string, args: string[]) =>
    runPython(
      server.python,
      program,
      { MLFLOW_TRACKING_URI: server.uri, PYTHONPATH: serving, ...s3.environment },
      args,
    );
  const downloaded = async (server: Mlflow, version: string) => {
    const folder = path.join(dir, `download-${++downloads}`);
    const digest = (await python(server, download, [name, version, folder])).trim();
    return { digest, folder };
  };

  it("gives a version the digest that Python gives the downloaded files", async () => {
    const { digest, folder } = await downloaded(staging, "1");
    assert.equal(await digestOfModelVersion(client, name, "1"), digest);
    assert.equal(await digestOfFolder(folder), digest);
  });

  it("reads runs, with the metrics JSON has no number for", async () => {
    const { experimentId } = await client.tracking.getExperimentByName("churn_staging");
    const runs = await client.tracking.searchRuns({
      experimentIds: [experimentId],
      filter: "params.model = 'logreg'",
    });
    assert.equal(runs.length, 1);
    const run = await client.tracking.getRun(runs[0]!.runId);
    assert.deepEqual(run.metrics, { accuracy: 0.91, loss: NaN });
    assert.deepEqual(run.params, { model: "logreg" });
    assert.equal(run.status, "FINISHED");
  });

  it("writes experiments and runs, and knows a taken name from a missing one", async () => {
    const experimentId = await client.tracking.createExperiment("made-here");
    await assert.rejects(client.tracking.createExperiment("made-here"), (error) =>
      isRegistryError(error, "conflict"),
    );
    await assert.rejects(client.tracking.getExperimentByName("nobody's"), notFound);
    const { runId } = await client.tracking.createRun({
      experimentId,
      runName: "by hand",
      tags: { why: "test" },
    });
    await client.tracking.logMetric(runId, { key: "r2", value: 0.5, step: 3 });
    await client.tracking.logMetric(runId, { key: "loss", value: NaN });
    await client.tracking.logParam(runId, "depth", "3");
    await client.tracking.setTag(runId, "note", "a b");
    await client.tracking.updateRun(runId, { status: "FINISHED", endTime: Date.now() });
    const run = await client.tracking.getRun(runId);
    assert.deepEqual([run.runName, run.status], ["by hand", "FINISHED"]);
    assert.deepEqual([run.metrics, run.params], [{ r2: 0.5, loss: NaN }, { depth: "3" }]);
    assert.deepEqual([run.tags["why"], run.tags["note"]], ["test", "a b"]);
    await client.tracking.deleteRun(runId);
    assert.equal((await client.tracking.getRun(runId)).lifecycleStage, "deleted");
  });

  it("sets and deletes tags of a version", async () => {
    await client.setModelVersionTag(name, "1", "tollgate.author", "mira@example.com");
    assert.equal(
      (await client.getModelVersion(name, "1")).tags["tollgate.author"],
      "mira@example.com",
    );
    await client.deleteModelVersionTag(name, "1", "tollgate.author");
    await client.deleteModelVersionTag(name, "1", "tollgate.author");
    assert.deepEqual((await client.getModelVersion(name, "1")).tags, {});
  });

  it("registers a version of a run's own files, which the run's address resolves", async () => {
    const original = await client.getModelVersion(name, "1");
    const run = await client.tracking.getRun(original.runId!);
    const bytes = Buffer.from("flavors: {}");
    await client.artifacts.uploadArtifact(
      `${run.artifactUri}/by-hand/MLmodel`,
      async function* () {
        yield bytes;
      },
      bytes.length,
    );
    const source = `runs:/${run.runId}/by-hand`;
    const made = await client.createModelVersion({
      name,
      source,
      runId: run.runId,
      tags: { a: "b" },
    });
    assert.deepEqual([made.version, made.status, made.tags], ["2", "READY", { a: "b" }]);
    const folder = await openModelVersion(client, name, "2");
    assert.deepEqual(await folder.list(), [{ path: "MLmodel", sizeBytes: bytes.length }]);
    assert.deepEqual(
      (await client.artifacts.listArtifacts(run.runId)).map((entry) => entry.path),
      ["by-hand"],
    );
  });

  it("moves an alias, and knows a missing alias, version and model", async () => {
    await client.setRegisteredModelAlias(name, "staging", "1");
    await client.setRegisteredModelAlias(name, "staging", "2");
    const held = await client.getModelVersionByAlias(name, "staging");
    assert.deepEqual([held.version, held.aliases], ["2", ["staging"]]);
    assert.deepEqual((await client.getRegisteredModel(name)).aliases, { staging: "2" });
    await client.deleteRegisteredModelAlias(name, "staging");
    await client.deleteRegisteredModelAlias(name, "staging");
    await assert.rejects(client.getModelVersionByAlias(name, "staging"), notFound);
    await assert.rejects(client.getModelVersion(name, "99"), notFound);
    await assert.rejects(client.getRegisteredModel("nobody's"), notFound);
  });

  it("moves the legacy stage and archives what held it, as an older client sees it", async () => {
    await client.transitionModelVersionStage(name, "1", "Production", true);
    await client.transitionModelVersionStage(name, "2", "Production", true);
    assert.equal(await python(staging, stageOf, [name]), "1 Archived\n2 Production\n");
    const back = await client.transitionModelVersionStage(name, "2", "None", true);
    assert.equal(back.currentStage, "None");
  });

  it("finds models and versions by filter", async () => {
    const models = await client.searchRegisteredModels("name LIKE 'churn%'");
    assert.deepEqual(
      models.map((model) => model.name),
      [name],
    );
    const versions = await client.searchModelVersions(`name='${name}'`);
    assert.deepEqual(versions.map(({ version }) => version).sort(), ["1", "2"]);
  });

  for (const quoted of ["it's", 'the "new" one', "x' OR name='churn", "back\\slash"]) {
    it(`finds the model ${quoted} and no other`, async () => {
      await client.createRegisteredModel(quoted);
      const models = await client.searchRegisteredModels(nameFilter(quoted));
      assert.deepEqual(
        models.map((model) => model.name),
        [quoted],
      );
    });
  }

  it("copies a version straight into S3, where an ordinary client loads it and predicts the same", async () => {
    const digest = await digestOfModelVersion(client, name, "1");
    await client.setModelVersionTag(name, "1", versionTags.gitCommit, "c".repeat(40));
    const copy = await copyModelVersion({
      from: client,
      to: prodClient,
      name,
      version: "1",
      experiment: "churn_prod",
      fromStack: "staging",
      digest,
    });
    assert.deepEqual([copy.version, copy.digest, copy.copied], ["1", digest, true]);
    const made = await prodClient.getModelVersion(name, copy.version);
    assert.ok(made.source.startsWith(`s3://${bucket}/mlflow/`), made.source);
    assert.deepEqual(made.tags, {
      [versionTags.digest]: digest,
      [versionTags.promotedFrom]: `staging:1@${digest}`,
      [versionTags.gitCommit]: "c".repeat(40),
    });
    const run = await prodClient.tracking.getRun(made.runId!);
    assert.deepEqual(
      [run.metrics, run.params],
      [{ accuracy: 0.91, loss: NaN }, { model: "logreg" }],
    );
    assert.equal(run.status, "FINISHED");
    assert.equal((await downloaded(prod, copy.version)).digest, digest);
    const copied = [prod.uri, `models:/${name}/${copy.version}`];
    const printed = await python(prod, predict, [...copied, staging.uri, `models:/${name}/1`]);
    const [ofCopy, ofOriginal] = printed.trim().split("\n");
    assert.match(ofCopy!, /^\[[01](, [01]){19}\]$/);
    assert.equal(ofCopy, ofOriginal);
  });

  it("copies a version out of S3 to a registry with a proxy, and finds that copy the second time", async () => {
    const digest = await digestOfModelVersion(prodClient, name, "1");
    const request = {
      from: prodClient,
      to: client,
      name,
      version: "1",
      experiment: "back",
      fromStack: "prod",
    };
    const copy = await copyModelVersion(request);
    assert.deepEqual([copy.digest, copy.copied], [digest, true]);
    assert.ok(
      (await client.getModelVersion(name, copy.version)).source.startsWith("mlflow-artifacts:/"),
    );
    assert.equal((await downloaded(staging, copy.version)).digest, digest);
    assert.deepEqual(await copyModelVersion(request), { ...copy, copied: false });
  });

  for (const place of ["behind the proxy", "straight in S3"] as const) {
    it(`fetches evidence that lies ${place} without the store's keys, and notices a changed byte`, async () => {
      const inS3 = place === "straight in S3";
      const writer = inS3 ? prodClient : client;
      const pin = { name, version: "1", digest: await digestOfModelVersion(writer, name, "1") };
      const evidence = compliantEvidence();
      const bytes = Buffer.from(JSON.stringify({ ...evidence, model: { ...pin, sizeBytes: 1 } }));
      const version = await writer.getModelVersion(name, "1");
      await uploadToRun(writer, version.runId!, artifactPath("evidence", pin), bytes);
      const tag = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      await writer.setModelVersionTag(name, "1", versionTags.digest, pin.digest);
      await writer.setModelVersionTag(name, "1", versionTags.evidence, tag);

      const reader = new RegistryClient({ uri: writer.uri, timeoutSeconds: 20, environment: {} });
      const facts = await fetchCandidateFacts(reader, pin);
      assert.deepEqual(facts.problem, null);
      assert.deepEqual(facts.evidence?.model, { ...pin, sizeBytes: 1 });
      assert.equal(facts.registryDigest, pin.digest);

      await uploadToRun(
        writer,
        version.runId!,
        artifactPath("evidence", pin),
        Buffer.concat([bytes, Buffer.from(" ")]),
      );
      assert.equal((await fetchCandidateFacts(reader, pin)).problem?.code, "evidence-altered");
      const other = { ...pin, version: inS3 ? "2" : "99" };
      assert.equal((await fetchCandidateFacts(reader, other)).problem?.code, "version-not-found");
    });
  }

  it("reports missing evidence when the tag names a document the store doesn't have", async () => {
    for (const writer of [client, prodClient]) {
      const { runId } = await writer.getModelVersion(name, "1");
      const path = artifactPath("evidence", { name, version: "404", digest: "none" });
      await assert.rejects(writer.artifacts.downloadRunArtifact(runId!, path), notFound);
    }
  });

  it("says what is wrong with the store: keys, address", async () => {
    const withEnvironment = (change: Record<string, string>) =>
      new RegistryClient({
        uri: prod.uri,
        timeoutSeconds: 5,
        environment: { ...s3.environment, ...change },
      });
    await assert.rejects(
      digestOfModelVersion(withEnvironment({ AWS_SECRET_ACCESS_KEY: "wrong-secret" }), name, "1"),
      (error) => isRegistryError(error, "unauthorised") && !error.message.includes("wrong-secret"),
    );
    const nobody = { MLFLOW_S3_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` };
    await assert.rejects(
      digestOfModelVersion(withEnvironment(nobody), name, "1"),
      (error) =>
        isRegistryError(error, "unavailable") && error.message.includes("MLFLOW_S3_ENDPOINT_URL"),
    );
  });
});

async function uploadToRun(
  client: RegistryClient,
  runId: string,
  artifact: string,
  bytes: Buffer,
): Promise<void> {
  const folder = await openArtifactFolder(
    client,
    (await client.tracking.getRun(runId)).artifactUri,
  );
  await folder.write({ path: artifact, sizeBytes: bytes.length }, async function* () {
    yield bytes;
  });
}
