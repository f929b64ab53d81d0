// A whole staging registry, really started: PostgreSQL, S3 and MLflow, as the runtime declares them.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { registryClient } from "../../../../config/registry";
import * as commands from "../../../../runtimes/local/commands";
import type { ProcessArguments } from "../../../../runtimes/local/process-arguments";
import { localFiles } from "../../../../runtimes/local/files";
import { freePort } from "../../../../processes/ports";
import { stopProcess } from "../../../../processes/stop";
import type { ProcessOutputs } from "../../../../processes/process";
import { credentialType } from "../../../../provider/types/credential";
import { processType } from "../../../../provider/types/process";
import { stagingSettings } from "../../../support/fixtures";
import { testPython } from "../../../support/mlflow";
import { recordOf, root, Stage, until } from "../support";

/** Logs a run with an artifact, or reads one back, as any user of MLflow would. */
const CLIENT = `
import mlflow, sys
if sys.argv[1] == "write":
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.9125)
        mlflow.log_text("bytes of a model", "model.txt")
    client = mlflow.MlflowClient()
    client.create_registered_model("churn-model")
    client.create_model_version("churn-model", run.info.artifact_uri, run.info.run_id)
    print(run.info.run_id)
else:
    run = mlflow.get_run(sys.argv[2])
    version = mlflow.MlflowClient().get_model_version("churn-model", "1")
    print(run.data.metrics["accuracy"], mlflow.artifacts.load_text(f"runs:/{sys.argv[2]}/model.txt"), version.run_id)
`;

describe("a registry on PostgreSQL and S3", function () {
  this.timeout(240_000);
  let stage: Stage;
  let python: string;
  let port: number;
  let runId: string;
  let servers: { database: ProcessOutputs; store: ProcessOutputs; tracking: ProcessOutputs };

  before(async () => {
    python = await testPython();
    stage = new Stage(python);
    port = await freePort("127.0.0.1");
    servers = await startAll();
  });
  after(() => stage.clear());

  async function credential(file: string) {
    const { outputs } = await credentialType.create({ path: file, bytes: 24, deleteData: false });
    return { path: file, fingerprint: outputs.fingerprint };
  }

  /** As an `up` does it: the two stores first, then MLflow. */
  async function startAll() {
    const base = stagingSettings();
    const passwordFile = stage.path("secrets", "registry-password");
    const trackingServer = { ...base.trackingServer, port, credentials: { passwordFile } };
    const settings = { ...base, stateDir: stage.stateDir, trackingServer };
    const paths = { root, python };
    const files = localFiles(stage.stateDir);
    const password = await credential(files.databasePassword);
    const access = await credential(files.accessKey);
    const secret = await credential(files.secretKey);
    const registry = await credential(passwordFile);
    const create = async (declared: ProcessArguments) =>
      (await processType.create(stage.of(declared))).outputs;
    const [database, store] = await Promise.all([
      create(commands.databaseProcess(settings, paths, password)),
      create(commands.artifactStoreProcess(settings, paths, { access, secret })),
    ]);
    const tracking = await create(
      commands.trackingServerProcess(
        settings,
        paths,
        { address: database.address, password },
        {
          destination: `s3://${settings.artifactStore.bucket}`,
          environment: commands.artifactStoreEnvironment(settings, store.address),
        },
        registry,
      ),
    );
    return { database, store, tracking };
  }

  async function stopAll() {
    for (const { name } of [servers.tracking, servers.store, servers.database]) {
      await stopProcess(stage.stateDir, name);
    }
  }

  const password = () => readFileSync(stage.path("secrets", "registry-password"), "utf8");

  /** MLflow's own client, with these variables. */
  function plainClient(variables: Record<string, string>, ...arguments_: string[]) {
    const environment = { ...process.env, MLFLOW_TRACKING_URI: servers.tracking.address };
    return spawnSync(python, ["-c", CLIENT, ...arguments_], {
      env: {
        ...environment,
        MLFLOW_DISABLE_TELEMETRY: "true",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1",
        ...variables,
      },
      encoding: "utf8",
    });
  }

  function client(...arguments_: string[]): string {
    const variables = {
      MLFLOW_TRACKING_USERNAME: "tollgate",
      MLFLOW_TRACKING_PASSWORD: password(),
    };
    const done = plainClient(variables, ...arguments_);
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim().split("\n").at(-1) ?? "";
  }

  const stored = () => `0.9125 bytes of a model ${runId}`;

  it("stores runs in PostgreSQL and artifacts in S3", () => {
    runId = client("write");
    assert.match(runId, /^[0-9a-f]{32}$/);
    assert.equal(client("read", runId), stored());
    assert.equal(existsSync(stage.path("data", "artifacts")), false);
    assert.ok(readdirSync(stage.path("data", "objects")).some((file) => file.endsWith(".dat")));
  });

  it("is made of one process a server, besides what PostgreSQL starts", () => {
    for (const each of [servers.tracking, servers.store]) {
      const pid = recordOf(each).child.pid;
      const found = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
      assert.equal(found.stdout.trim(), "", `${each.name} has children`);
    }
  });

  it("shows its secrets in no argument, no environment, no log and no record", () => {
    const folder = stage.path("secrets");
    const secrets = ["database-password", "artifact-store-secret-key", "registry-password"].map(
      (file) => readFileSync(path.join(folder, file), "utf8"),
    );
    const places: Record<string, string> = {
      ps: execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }),
      state: JSON.stringify(servers),
    };
    for (const entry of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
      for (const file of ["cmdline", "environ"]) {
        try {
          places[`${entry} ${file}`] = readFileSync(`/proc/${entry}/${file}`, "utf8");
        } catch {
          continue; // It ended meanwhile.
        }
      }
    }
    for (const folder of ["log", "run"]) {
      for (const file of readdirSync(stage.path(folder), { recursive: true, encoding: "utf8" })) {
        if (/\.(log|json)$/.test(file)) {
          places[file] = readFileSync(stage.path(folder, file), "utf8");
        }
      }
    }
    assert.ok(
      `${recordOf(servers.tracking).child.pid} environ` in places && "database.log" in places,
    );
    const found = Object.keys(places).filter((place) =>
      secrets.some((secret) => places[place]?.includes(secret)),
    );
    assert.deepEqual(found, []);
  });

  it("keeps what only the user may read readable by the user only", () => {
    const found = execFileSync("find", [stage.path("secrets"), "-type", "f", "-perm", "/077"], {
      encoding: "utf8",
    });
    assert.equal(found, "");
  });

  it("lets no one into S3 or PostgreSQL without the credentials", async () => {
    const anonymous = await fetch(`${servers.store.address}/churn-model-staging`);
    assert.equal(anonymous.status, 403);
    const [host, at] = servers.database.address.split(":");
    const attempt = `import psycopg2; psycopg2.connect("host=${host} port=${at} user=mlflow dbname=mlflow password=x")`;
    const { stderr } = spawnSync(python, ["-c", attempt], { encoding: "utf8" });
    assert.match(stderr, /password authentication failed/);
  });

  it("lets MLflow's own client in by a token as well, and nobody in without the password", () => {
    const given = plainClient({ MLFLOW_TRACKING_TOKEN: password() }, "read", runId);
    assert.equal(given.status, 0, given.stderr);
    for (const token of ["", "x".repeat(40)]) {
      const variables = { MLFLOW_TRACKING_TOKEN: token };
      const refused = plainClient(variables, "write");
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /UNAUTHENTICATED: This registry wants its password: run `eval/);
    }
  });

  it("opens nothing of MLflow without the password but its health", async () => {
    const { address } = servers.tracking;
    assert.equal((await fetch(`${address}/health`)).status, 200);
    const paths = ["/", "/version", "/static-files/x", "/api/2.0/mlflow/experiments/search"].concat(
      "/ajax-api/2.0/mlflow/experiments/search",
      "/api/2.0/mlflow-artifacts/artifacts/0/a.txt",
      "/graphql",
      "/v1/traces",
      "/health/../version",
    );
    for (const each of paths) {
      const answer = await fetch(address + each);
      assert.equal(answer.status, 401, each);
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic /);
    }
  });

  it("is asked with its password by our own client, which finds it where it is kept", async () => {
    const credentials = { passwordFile: stage.path("secrets", "registry-password") };
    const { trackingServer } = stagingSettings();
    const settings = (changed: object) => ({
      stack: "staging",
      trackingServer: { ...trackingServer, uri: servers.tracking.address, ...changed },
      kubernetes: null,
    });
    const found = await registryClient(settings({ credentials })).getModelVersion(
      "churn-model",
      "1",
    );
    assert.equal(found.runId, runId);
    const elsewhere = { passwordFile: stage.path("secrets", "nowhere") };
    await assert.rejects(
      registryClient(settings({ credentials: elsewhere })).getModelVersion("churn-model", "1"),
      /it answered 401 UNAUTHENTICATED.*; its password was changed or made by another machine: run `tollgate up`/,
    );
  });

  it("keeps every version of an object", () => {
    const files = localFiles(stage.stateDir);
    const code = `import boto3; print(boto3.client("s3", endpoint_url="${servers.store.address}")
      .get_bucket_versioning(Bucket="churn-model-staging")["Status"])`;
    const environment = {
      ...process.env,
      AWS_SHARED_CREDENTIALS_FILE: files.awsCredentials,
      AWS_DEFAULT_REGION: "us-east-1",
    };
    const answer = execFileSync(python, ["-c", code], { env: environment, encoding: "utf8" });
    assert.equal(answer.trim(), "Enabled");
  });

  it("has its data after all were stopped and started again, on whatever ports", async () => {
    await stopAll();
    const before = servers;
    servers = await startAll();
    assert.notEqual(servers.database.pid, before.database.pid);
    assert.equal(client("read", runId), stored());
  });

  it("has its data after all its servers were killed, without any command", async () => {
    const all = [servers.database, servers.store, servers.tracking];
    for (const each of all) process.kill(recordOf(each).child.pid, "SIGKILL");
    const changes = async () => {
      const differences = all.map((each) => processType.diff("", each, each));
      return (await Promise.all(differences)).some((each) => each.changes);
    };
    await until(changes);
    await until(async () => !(await changes()), 90);
    assert.equal(client("read", runId), stored());
  });

  it("has its data after all were killed with their keepers, and needs one update each", async () => {
    for (const { pid } of [servers.database, servers.store, servers.tracking]) {
      process.kill(pid, "SIGKILL");
    }
    const { database, store, tracking } = servers;
    await until(async () =>
      (
        await Promise.all(
          [database, store, tracking].map((each) => processType.diff("", each, each)),
        )
      ).every(({ changes }) => changes),
    );
    const [newDatabase, newStore] = await Promise.all([
      processType.update("", database, database),
      processType.update("", store, store),
    ]);
    assert.deepEqual([newDatabase.address, newStore.address], [database.address, store.address]);
    servers = {
      database: newDatabase,
      store: newStore,
      tracking: await processType.update("", tracking, tracking),
    };
    assert.equal(client("read", runId), stored());
  });

  it("opens an old database with a new password when the old one was lost", async () => {
    await stopAll();
    rmSync(localFiles(stage.stateDir).databasePassword);
    servers = await startAll();
    assert.equal(client("read", runId), stored());
  });
});
