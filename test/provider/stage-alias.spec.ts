// Against a real MLflow server on SQLite.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { writeRoutes } from "../../provider/envoy/files";
import { routeTo } from "../../provider/envoy/routes";
import type { StageAliasInputs } from "../../provider/inputs";
import { clearJournal, openJournal, readJournal } from "../../provider/release/journal";
import { releasedVersion } from "../../provider/release/released";
import { undoRelease } from "../../provider/release/undo";
import { stageAliasType } from "../../provider/types/stage-alias";
import { RegistryClient } from "../../registry/client";
import { isRegistryError } from "../../registry/errors";
import { digestOf } from "../support/fixtures";
import { freePort } from "../../processes/ports";
import { type Mlflow, startMlflow } from "../support/mlflow";

describe("stageAliasType", function () {
  this.timeout(120_000);
  let dir: string;
  let mlflow: Mlflow;
  let registry: RegistryClient;
  let model = "";
  let count = 0;
  let runId = "";
  let source = "";

  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-alias-"));
    mlflow = await startMlflow({ dir });
    registry = new RegistryClient({ uri: mlflow.uri, timeoutSeconds: 10 });
    const experimentId = await registry.tracking.createExperiment("churn");
    ({ runId } = await registry.tracking.createRun({ experimentId }));
    source = `runs:/${runId}/model`;
  });
  after(async () => {
    await mlflow.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  /** A model of three versions for each test. */
  beforeEach(async () => {
    model = `churn-${++count}`;
    await registry.createRegisteredModel(model);
    for (let version = 1; version <= 3; version++) {
      await registry.createModelVersion({ name: model, source, runId });
    }
  });

  function inputs(version: string, change: Partial<StageAliasInputs> = {}): StageAliasInputs {
    return {
      stateDir: path.join(dir, model),
      cluster: null,
      registry: {
        uri: mlflow.uri,
        caFile: null,
        tokenVariable: "MLFLOW_TRACKING_TOKEN",
        timeoutSeconds: 10,
        cluster: null,
      },
      model,
      version,
      alias: "staging",
      stage: "Staging",
      ...change,
    };
  }

  /** The registry somewhere where nobody answers. */
  async function silent(): Promise<Partial<StageAliasInputs>> {
    const uri = `http://127.0.0.1:${await freePort()}`;
    return { registry: { ...inputs("1").registry, uri, timeoutSeconds: 1 } };
  }

  async function alias(name = "staging"): Promise<string | null> {
    try {
      return (await registry.getModelVersionByAlias(model, name)).version;
    } catch (error) {
      if (isRegistryError(error, "not-found")) return null;
      throw error;
    }
  }

  async function stages(): Promise<string[]> {
    const versions = ["1", "2", "3"].map((version) => registry.getModelVersion(model, version));
    return (await Promise.all(versions)).map(({ currentStage }) => currentStage);
  }

  /** As the route leaves it: traffic is on the new version, the journal is open. */
  function underRelease(version: string): void {
    const { stateDir } = inputs(version);
    writeRoutes(stateDir, routeTo("scorer-1", "1", digestOf("1"), 30));
    openJournal(stateDir, { version, digest: digestOf(version) });
    writeRoutes(stateDir, routeTo("scorer-2", version, digestOf(version), 30));
  }

  it("flips alias and stage, and archives the version before", async () => {
    assert.deepEqual(await stageAliasType.create(inputs("1")), {
      id: `${model}@staging`,
      outputs: inputs("1"),
    });
    assert.deepEqual([await alias(), await stages()], ["1", ["Staging", "None", "None"]]);
    await stageAliasType.update("id", inputs("1"), inputs("2"));
    assert.deepEqual([await alias(), await stages()], ["2", ["Archived", "Staging", "None"]]);
  });

  it("leaves stages alone where the stack has none", async () => {
    await stageAliasType.create(inputs("1", { stage: "None", alias: "dev" }));
    assert.deepEqual([await alias("dev"), await stages()], ["1", ["None", "None", "None"]]);
  });

  it("sees an alias and a stage moved by hand, and puts them right", async () => {
    const recorded = inputs("2");
    await stageAliasType.create(recorded);
    const changes = async () => (await stageAliasType.diff("id", recorded, recorded)).changes;
    assert.equal(await changes(), false);
    await registry.setRegisteredModelAlias(model, "staging", "1");
    assert.equal(await changes(), true);
    assert.deepEqual(await stageAliasType.read("id", recorded), { ...recorded, version: "1" });
    await stageAliasType.update("id", recorded, recorded);
    assert.equal(await changes(), false);
    await registry.transitionModelVersionStage(model, "2", "Production", false);
    assert.equal(await changes(), true);
    assert.deepEqual(await stageAliasType.read("id", recorded), {
      ...recorded,
      stage: "Production",
    });
    await stageAliasType.update("id", recorded, recorded);
    assert.deepEqual([await alias(), await stages()], ["2", ["None", "Staging", "None"]]);
  });

  it("is gone when the alias was deleted by hand", async () => {
    const recorded = inputs("1");
    await stageAliasType.create(recorded);
    await registry.deleteRegisteredModelAlias(model, "staging");
    assert.equal((await stageAliasType.diff("id", recorded, recorded)).changes, true);
    assert.equal(await stageAliasType.read("id", recorded), null);
  });

  it("claims no change while the registry is silent, unless the inputs differ", async () => {
    const recorded = inputs("1", await silent());
    assert.deepEqual(await stageAliasType.diff("id", recorded, recorded), { changes: false });
    assert.deepEqual(await stageAliasType.read("id", recorded), recorded);
    const next = { ...recorded, version: "2" };
    assert.deepEqual(await stageAliasType.diff("id", recorded, next), { changes: true });
  });

  it("takes a renamed alias off the registry", async () => {
    await stageAliasType.create(inputs("1"));
    await stageAliasType.update("id", inputs("1"), inputs("2", { alias: "canary" }));
    assert.deepEqual([await alias("staging"), await alias("canary")], [null, "2"]);
  });

  it("removes alias and stage with the resource, unless they moved on", async () => {
    await stageAliasType.create(inputs("1"));
    await stageAliasType.delete("id", inputs("1"));
    assert.deepEqual([await alias(), await stages()], [null, ["None", "None", "None"]]);
    await stageAliasType.create(inputs("2"));
    await stageAliasType.delete("id", inputs("1"));
    assert.deepEqual([await alias(), await stages()], ["2", ["None", "Staging", "None"]]);
  });

  it("deletes in peace when the registry is silent", async () => {
    const recorded = inputs("1", await silent());
    const printed: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text: string | Uint8Array) => printed.push(String(text)) > 0;
    try {
      await stageAliasType.delete("id", recorded);
    } finally {
      process.stderr.write = write;
    }
    assert.equal(printed.length, 1);
    assert.match(
      printed[0]!,
      /^alias "staging" of churn-\d+ was left in the registry: .*ECONNREFUSED/,
    );
  });

  it("undoes traffic, alias and stages of a release that fails after it", async () => {
    await stageAliasType.create(inputs("1"));
    underRelease("2");
    await stageAliasType.update("id", inputs("1"), inputs("2"));
    assert.deepEqual([await alias(), await stages()], ["2", ["Archived", "Staging", "None"]]);
    await undoRelease(inputs("2"));
    assert.deepEqual([await alias(), await stages()], ["1", ["Staging", "None", "None"]]);
    assert.equal(releasedVersion(inputs("2").stateDir)?.version, "1");
  });

  it("undoes a first release to no alias at all", async () => {
    underRelease("1");
    await stageAliasType.create(inputs("1"));
    await undoRelease(inputs("1"));
    assert.deepEqual([await alias(), await stages()], [null, ["None", "None", "None"]]);
  });

  it("refuses a version the registry doesn't have, and undoes the release", async () => {
    await stageAliasType.create(inputs("1"));
    underRelease("9");
    await assert.rejects(stageAliasType.update("id", inputs("1"), inputs("9")), (error: Error) => {
      assert.match(
        error.message,
        /^version 9 of churn-\d+ could not be marked as "staging": .+; the release was undone, callers get version 1 as before/,
      );
      return true;
    });
    assert.deepEqual([await alias(), await stages()], ["1", ["Staging", "None", "None"]]);
  });

  it("keeps the journal when a silent registry keeps it from putting the alias back", async () => {
    await stageAliasType.create(inputs("1"));
    underRelease("2");
    const { stateDir } = inputs("2");
    await stageAliasType.update("id", inputs("1"), inputs("2"));
    const file = path.join(stateDir, "route", "journal.json");
    const { uri } = (await silent()).registry!;
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(mlflow.uri, uri));
    assert.match(
      (await undoRelease({ stateDir, cluster: null }))!,
      /alias "staging" could not be put back: /,
    );
    assert.equal(readJournal(stateDir)?.mark?.aliasVersion, "1");
    clearJournal(stateDir);
  });
});
