// Launchers one by one: the small registry of dev, the router, and what they say when they can't start.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { connect } from "node:net";
import { freePort } from "../../../../processes/ports";
import type { ProcessInputs } from "../../../../processes/process";
import { RouterAdmin } from "../../../../provider/envoy/admin";
import { routeFiles } from "../../../../provider/envoy/files";
import { credentialType } from "../../../../provider/types/credential";
import { processType } from "../../../../provider/types/process";
import * as commands from "../../../../runtimes/local/commands";
import type { LocalPaths } from "../../../../runtimes/local/process-arguments";
import { localFiles } from "../../../../runtimes/local/files";
import { stagingSettings } from "../../../support/fixtures";
import { testPython } from "../../../support/mlflow";
import { refusal, root, Stage } from "../support";

describe("launchers", function () {
  this.timeout(120_000);
  let stage: Stage;
  let paths: LocalPaths;

  beforeEach(async () => {
    const python = await testPython();
    stage = new Stage(python);
    paths = { root, python };
  });
  afterEach(() => stage.clear());

  const settings = () => stagingSettings({ stateDir: stage.stateDir });
  const create = async (inputs: ProcessInputs) => (await processType.create(inputs)).outputs;

  async function secret(file: string) {
    const { outputs } = await credentialType.create({ path: file, bytes: 8, deleteData: false });
    return { path: file, fingerprint: outputs.fingerprint };
  }

  async function database(): Promise<ProcessInputs> {
    const password = await secret(localFiles(stage.stateDir).databasePassword);
    return stage.of(commands.databaseProcess(settings(), paths, password));
  }

  it("tracking_server.py runs on a SQLite file and a folder", async () => {
    const files = localFiles(stage.stateDir);
    const port = await freePort("127.0.0.1");
    const { trackingServer } = settings();
    const small = { ...settings(), trackingServer: { ...trackingServer, port } };
    const outputs = await create(
      stage.of(
        commands.trackingServerProcess(small, paths, null, {
          destination: `file://${files.artifacts}`,
          environment: {},
        }),
      ),
    );
    const answer = await fetch(`${outputs.address}/api/2.0/mlflow/experiments/create`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "churn-model_dev" }),
    });
    const { experiment_id } = (await answer.json()) as { experiment_id: string };
    assert.match(experiment_id, /^\d+$/);
    const upload = `${outputs.address}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/a.txt`;
    assert.equal((await fetch(upload, { method: "PUT", body: "bytes" })).status, 200);
    assert.equal(readFileSync(path.join(files.artifacts, experiment_id, "a.txt"), "utf8"), "bytes");
    assert.equal(existsSync(files.sqlite), true);
  });

  it("tracking_server.py refuses a password that others may read", async () => {
    const password = await secret(stage.path("secrets", "registry-password"));
    chmodSync(password.path, 0o644);
    const store = { destination: "file:///nowhere", environment: {} };
    const inputs = stage.of(
      commands.trackingServerProcess(settings(), paths, null, store, password),
    );
    const said = await refusal(create({ ...inputs, port: 0 }));
    assert.ok(
      said.endsWith(
        `: the secret file ${password.path} may be read by others; run up again to close it`,
      ),
      said,
    );
  });

  it("tracking_server.py refuses to wait for ever for its database", async () => {
    const address = `127.0.0.1:${await freePort("127.0.0.1")}`;
    const password = await secret(localFiles(stage.stateDir).databasePassword);
    const store = { destination: "file:///nowhere", environment: {} };
    const inputs = stage.of(
      commands.trackingServerProcess(settings(), paths, { address, password }, store),
    );
    inputs.port = 0;
    inputs.command.push("--wait-seconds", "0.2");
    assert.match(
      await refusal(create(inputs)),
      /tracking-server\.log: the database at 127\.0\.0\.1:\d+ does not answer after 0\.2 s \(.*refused\); see its log$/,
    );
  });

  it("postgres.py makes the cluster anew when it was killed while making it", async () => {
    const part = path.join(localFiles(stage.stateDir).postgres, "cluster.part");
    mkdirSync(part, { recursive: true });
    writeFileSync(path.join(part, "PG_VERSION"), "18");
    const outputs = await create(await database());
    assert.equal(outputs.status, "running");
    assert.equal(existsSync(part), false);
  });

  it("postgres.py starts over a pid file that names a stranger", async () => {
    const inputs = await database();
    const first = await create(inputs);
    const file = path.join(localFiles(stage.stateDir).postgres, "cluster", "postmaster.pid");
    const content = readFileSync(file, "utf8");
    await processType.delete("", first);
    writeFileSync(file, content.replace(/^\d+/, String(process.pid)));
    assert.equal((await create(inputs)).status, "running");
  });

  it("postgres.py stops at once though clients are connected", async () => {
    const outputs = await create(await database());
    const [host, port] = outputs.address.split(":");
    const client = connect({ host, port: Number(port) });
    client.on("error", () => undefined);
    const start = performance.now();
    await processType.delete("", outputs);
    assert.ok(performance.now() - start < 5000);
    client.destroy();
  });

  it("postgres.py refuses an empty password file", async () => {
    const inputs = await database();
    const file = localFiles(stage.stateDir).databasePassword;
    writeFileSync(file, "");
    const said = await refusal(create(inputs));
    assert.ok(
      said.endsWith(
        `: the secret file ${file} is empty; delete it and run up again to make a new one`,
      ),
      said,
    );
  });

  it("router.py answers 503 with a reason before the first release, and its admin interface is a socket of its owner alone", async () => {
    const port = await freePort("127.0.0.1");
    const { scorer } = settings();
    const small = { ...settings(), scorer: { ...scorer, port } };
    const outputs = await create(stage.of(commands.routerProcess(small, paths)));
    const answer = await fetch(`http://${outputs.address}/predict`);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /no model version is released here/);
    const { directory, adminSocket } = routeFiles(stage.stateDir);
    assert.equal(statSync(adminSocket).mode & 0o777, 0o600);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(stage.stateDir).mode & 0o777, 0o700);
    assert.deepEqual(outputs.ports, {});
    assert.equal((await new RouterAdmin(stage.stateDir).state()).warmingClusters, 0);
  });
});
