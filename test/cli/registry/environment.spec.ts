// What Tollgate gives to MLflow's own client: by `tollgate env` to a shell, and to training and evaluation.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { registryVariables } from "../../../cli/registry/python";
import { plainClient } from "../../../cli/registry/environment";
import { clusterSettings, stagingSettings } from "../../support/fixtures";

describe("the environment of a registry's clients", () => {
  let folder: string;
  let passwordFile: string;
  const password = "0123456789abcdef0123456789abcdef01234567";
  const { trackingServer } = stagingSettings();

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate's client-"));
    passwordFile = path.join(folder, "registry-password");
    fs.writeFileSync(passwordFile, password);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const settings = () =>
    stagingSettings({ trackingServer: { ...trackingServer, credentials: { passwordFile } } });

  it("gives a shell the password by its file's path, and shows it nowhere", () => {
    const { lines, ...shown } = plainClient(settings());
    assert.ok(!JSON.stringify([lines, shown]).includes(password));
    const script = [...lines, "printenv MLFLOW_TRACKING_PASSWORD"].join("\n");
    assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }).trim(), password);
    assert.deepEqual(shown, {
      variables: {
        MLFLOW_TRACKING_URI: "http://127.0.0.1:5001",
        MLFLOW_TRACKING_USERNAME: "tollgate",
      },
      files: { TOLLGATE_REGISTRY_PASSWORD_FILE: passwordFile },
    });
  });

  it("gives a shell an address alone where no password is wanted, and nothing of a cluster", () => {
    const variables = { MLFLOW_TRACKING_URI: "http://127.0.0.1:5001" };
    assert.deepEqual(plainClient(stagingSettings()), { variables, files: {}, lines: [] });
    assert.deepEqual(plainClient(clusterSettings()), { variables: {}, files: {}, lines: [] });
  });

  it("gives training the password of its own registry, and never a token that is meant for another", async () => {
    const caller = { MLFLOW_TRACKING_TOKEN: "of-another-registry" };
    const own = await registryVariables(settings(), caller);
    assert.equal(own.MLFLOW_TRACKING_USERNAME, "tollgate");
    assert.equal(own.MLFLOW_TRACKING_PASSWORD, password);
    assert.ok("MLFLOW_TRACKING_TOKEN" in own && own.MLFLOW_TRACKING_TOKEN === undefined);
    const elsewhere = await registryVariables(stagingSettings(), caller);
    assert.equal(elsewhere.MLFLOW_TRACKING_TOKEN, "of-another-registry");
    assert.equal(elsewhere.MLFLOW_TRACKING_PASSWORD, undefined);
  });

  it("gives no password before there is one", async () => {
    fs.rmSync(passwordFile);
    const own = await registryVariables(settings(), {});
    assert.equal(own.MLFLOW_TRACKING_USERNAME, undefined);
    assert.equal(own.MLFLOW_TRACKING_PASSWORD, undefined);
  });
});
