// What each process is started with. That the servers accept it is shown in ../servers/.
import assert from "node:assert/strict";
import * as commands from "../../../runtimes/local/commands";
import { scorerProcess } from "../../../runtimes/local/scorer-command";
import { localFiles } from "../../../runtimes/local/files";
import { digestOf, stagingSettings } from "../../support/fixtures";

const settings = stagingSettings();
const paths = { root: "/tollgate", python: "/python/bin/python" };
const files = localFiles(settings.stateDir);
const secret = (path: string) => ({ path, fingerprint: "0123456789ab" });

const scorer = {
  modelUri: "models:/churn-model/2",
  version: "2",
  digest: digestOf("a"),
  trackingUri: "http://127.0.0.1:5001",
  generation: "f00",
  replica: 1,
};

const all = {
  database: commands.databaseProcess(settings, paths, secret(files.databasePassword)),
  store: commands.artifactStoreProcess(settings, paths, {
    access: secret(files.accessKey),
    secret: secret(files.secretKey),
  }),
  tracking: commands.trackingServerProcess(
    settings,
    paths,
    { address: "127.0.0.1:5432", password: secret(files.databasePassword) },
    { destination: "s3://bucket", environment: { MLFLOW_S3_ENDPOINT_URL: "http://127.0.0.1:1" } },
  ),
  router: commands.routerProcess(settings, paths),
  scorer: scorerProcess(settings, paths, scorer),
};

describe("commands", () => {
  it("name every process once", () => {
    assert.deepEqual(
      Object.values(all).map(({ name }) => name),
      ["database", "artifact-store", "tracking-server", "router", `scorer-${"a".repeat(12)}-f00-1`],
    );
  });

  it("listen where callers reach them only at ports of the settings, and name the setting", () => {
    assert.deepEqual(
      Object.values(all).map(({ host, port, portSetting }) => [host, port, portSetting]),
      [
        ["127.0.0.1", 0, "chosen freely"],
        ["127.0.0.1", 0, "chosen freely"],
        ["127.0.0.1", 5001, "tollgate:trackingServer.port"],
        ["127.0.0.1", 8000, "tollgate:scorer.port"],
        ["127.0.0.1", 0, "chosen freely"],
      ],
    );
  });

  it("start a scorer from the pin, with the token by name only", () => {
    const { command, environment, passEnvironment, health, warmSeconds } = all.scorer;
    assert.equal(
      command.join(" "),
      "/python/bin/python -m tollgate_serving.scorer --model-uri models:/churn-model/2 " +
        `--model churn-model --version 2 --digest ${digestOf("a")} --stage Staging ` +
        "--host 127.0.0.1 --port {port} --cache /project/.tollgate/staging/models --log-level INFO " +
        "--sandbox required --memory-bytes 4294967296 --answer-seconds 120",
    );
    assert.equal(environment["PYTHONPATH"], "/tollgate/serving");
    assert.equal(passEnvironment["MLFLOW_TRACKING_TOKEN"], "MLFLOW_TRACKING_TOKEN");
    assert.deepEqual(health, { kind: "http", path: "/ready", timeoutSeconds: 60 });
    assert.equal(warmSeconds, 1);
  });

  it("give a scorer the token of the variable that the settings name, and the private CA", () => {
    const trackingServer = {
      ...settings.trackingServer,
      tokenVariable: "DAGSHUB_TOKEN",
      caFile: "/ca.pem",
    };
    const other = scorerProcess({ ...settings, trackingServer }, paths, scorer);
    assert.equal(other.passEnvironment["MLFLOW_TRACKING_TOKEN"], "DAGSHUB_TOKEN");
    assert.equal(other.environment["MLFLOW_TRACKING_SERVER_CERT_PATH"], "/ca.pem");
  });

  it("give a scorer the path of its own registry's password, and no credentials of another", () => {
    const passwordFile = "/state/secrets/registry-password";
    const { trackingServer } = settings;
    const own = stagingSettings({
      trackingServer: { ...trackingServer, credentials: { passwordFile } },
    });
    const { environment, passEnvironment } = scorerProcess(own, paths, scorer);
    assert.equal(environment["TOLLGATE_REGISTRY_PASSWORD_FILE"], passwordFile);
    assert.deepEqual(
      Object.keys(passEnvironment).filter((name) => name.startsWith("MLFLOW_TRACKING")),
      [],
    );
    assert.equal(all.scorer.environment["TOLLGATE_REGISTRY_PASSWORD_FILE"], undefined);
  });

  it("have a scorer keep callers' rows in a file of its own when the settings say so", () => {
    const capturing = { ...settings, scorer: { ...settings.scorer, captureRows: 500 } };
    const { command } = scorerProcess(capturing, paths, scorer);
    const file = `/project/.tollgate/staging/data/captured/scorer-${"a".repeat(12)}-f00-1.csv`;
    assert.deepEqual(command.slice(-4), ["--capture-rows", "500", "--capture-file", file]);
    assert.equal(all.scorer.command.includes("--capture-rows"), false);
  });

  it("restart what holds a credential when the credential changes", () => {
    assert.deepEqual(all.database.restartOn, { password: "0123456789ab" });
    assert.deepEqual(all.store.restartOn, { accessKey: "0123456789ab", secretKey: "0123456789ab" });
    assert.deepEqual(all.tracking.restartOn, { databasePassword: "0123456789ab" });
  });

  it("name the data that deleting with the data takes away, and nothing more", () => {
    const folder = { ...settings.artifactStore, kind: "folder" } as const;
    const small = { ...settings, artifactStore: folder };
    const store = { destination: `file://${files.artifacts}`, environment: {} };
    const tracking = commands.trackingServerProcess(small, paths, null, store);
    assert.deepEqual(
      [all.database, all.store, all.tracking, tracking].map(({ dataPaths }) => dataPaths),
      [[files.postgres], [files.objects], [], [files.sqlite, files.artifacts]],
    );
  });
});
