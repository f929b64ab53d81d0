// What serves a version on this machine, as the engine is told of it. Cannot prove that it runs: test/engine/ does.
import assert from "node:assert/strict";
import path from "node:path";
import { local } from "../../../runtimes/local/declare";
import type { ServingInputs } from "../../../runtimes/contract";
import { digestOf, pin, stagingSettings } from "../../support/fixtures";
import { type Registration, registrationsOf } from "../../support/mocks";

const requirements = path.join(__dirname, "../../../serving/requirements.lock");

function declared(inputs: ServingInputs): Promise<Registration[]> {
  return registrationsOf(
    () => local.serving("serving", inputs, {}),
    () => ({ address: "127.0.0.1:8000", ports: { admin: 9901 } }),
  );
}

describe("the local runtime's serving", () => {
  it("tells the check before traffic and the watch after it which answers to want", async () => {
    const settings = { ...stagingSettings(), requirements };
    const answers = {
      registry: {
        uri: "http://127.0.0.1:5001",
        caFile: null,
        tokenVariable: "MLFLOW_TRACKING_TOKEN",
        timeoutSeconds: 5,
        cluster: null,
      },
      model: pin.name,
      digest: digestOf("9"),
      rows: 400,
      task: "classification" as const,
    };
    const inputs = {
      settings,
      modelUri: "models:/churn-model/2",
      digest: pin.digest,
      version: pin.version,
      trackingUri: "http://127.0.0.1:5001",
      answers,
    };
    const registered = await declared(inputs);
    const told = (type: string) =>
      registered.filter((each) => each.type === type).map((each) => each.inputs["answers"]);
    assert.deepEqual(told("tollgate:index:ReleaseCheck"), [answers]);
    assert.deepEqual(told("tollgate:index:Route"), [answers]);
  });

  it("lets the route wait as long as the settings say, and ends no scorer before", async () => {
    const staging = stagingSettings({ requirements });
    const settings = { ...staging, scorer: { ...staging.scorer, answerSeconds: 777 } };
    const registered = await declared({
      settings,
      modelUri: "models:/churn-model/2",
      digest: pin.digest,
      version: pin.version,
      trackingUri: "http://127.0.0.1:5001",
      answers: null,
    });
    const inputsOf = (type: string) =>
      registered.filter((each) => each.type === type).map((each) => each.inputs);
    assert.deepEqual(
      inputsOf("tollgate:index:Route").map(({ answerSeconds }) => answerSeconds),
      [777],
    );
    const scorers = inputsOf("tollgate:index:Process").filter(({ name }) =>
      String(name).startsWith("scorer-"),
    );
    assert.ok(scorers.length > 0);
    for (const { stopTimeoutSeconds } of scorers) assert.ok(Number(stopTimeoutSeconds) > 777);
  });
});
