// Which children each component declares, with exactly which inputs. Cannot prove that the provider accepts them.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ArtifactStore } from "../../components/artifact-store";
import { problemOfSent } from "../../policies/admission-inputs";
import { ModelPin } from "../../components/model-pin";
import { ModelServing } from "../../components/model-serving";
import { StageAlias } from "../../components/stage-alias";
import { TrackingServer } from "../../components/tracking-server";
import type { Runtime } from "../../runtimes/contract";
import { admissionOf, documentOf } from "../policies/fixtures";
import {
  compliantCandidate,
  compliantEvidence,
  digestOf,
  pin,
  stagingSettings,
} from "../support/fixtures";
import { registrationsOf } from "../support/mocks";

const settings = stagingSettings();

/** A runtime that declares nothing and says what it was asked. */
function recordingRuntime() {
  const asked: unknown[][] = [];
  const runtime: Runtime = {
    foundation: () => ({}),
    artifactStore: (name) => {
      asked.push(["artifactStore", name]);
      return {
        destination: pulumi.output("s3://churn-model-staging"),
        environment: {},
      };
    },
    trackingServer: (name, _settings, store) => {
      asked.push(["trackingServer", name, Object.keys(store)]);
      return { uri: pulumi.output("http://127.0.0.1:5001") };
    },
    serving: (name, inputs) => {
      asked.push(["serving", name, inputs.version, inputs.digest]);
      pulumi.output(inputs.answers).apply((answers) => asked.push(["answers", answers]));
      return {
        url: pulumi.output("http://127.0.0.1:8000"),
        released: pulumi.output(inputs.digest),
      };
    },
  };
  return { runtime, asked };
}

describe("ArtifactStore and TrackingServer", () => {
  it("ask the runtime for their parts and show engine and gates only plain facts", async () => {
    const { runtime, asked } = recordingRuntime();
    const registered = await registrationsOf(() => {
      const store = new ArtifactStore("artifact-store", { runtime, settings });
      new TrackingServer("tracking-server", { runtime, settings, store });
    });
    assert.deepEqual(registered, [
      { type: "tollgate:component:ArtifactStore", name: "artifact-store", inputs: { kind: "s3" } },
      {
        type: "tollgate:component:TrackingServer",
        name: "tracking-server",
        inputs: { uri: "http://127.0.0.1:5001", managed: true },
      },
    ]);
    assert.deepEqual(asked, [
      ["artifactStore", "artifact-store"],
      ["trackingServer", "tracking-server", ["destination", "environment"]],
    ]);
  });
});

describe("ModelPin", () => {
  it("declares one admission that carries evidence and thresholds as plain values", async () => {
    const candidate = {
      ...compliantCandidate(),
      document: documentOf(compliantEvidence()),
      settings: '{"evaluation":{"positive":null,"answer":null}}',
    };
    const gates = { latency: { level: "mandatory", settings: { p95Ms: 50 } } } as const;
    const { stateDir } = settings;
    const registered = await registrationsOf(
      () => new ModelPin("model-pin", { candidate, gates, stateDir, cluster: null }),
      () => ({ modelUri: "models:/churn-model/2" }),
    );
    assert.deepEqual(
      registered.map(({ type, name }) => [type, name]),
      [
        ["tollgate:component:ModelPin", "model-pin"],
        ["tollgate:index:Admission", "model-pin-admission"],
      ],
    );
    assert.deepEqual(registered[0]?.inputs, { pin });
    assert.deepEqual(registered[1]?.inputs, {
      ...admissionOf(compliantCandidate(), gates),
      stateDir,
      cluster: null,
    });
    // Exactly what is read of it: a part that only one of the two knows is refused.
    assert.equal(problemOfSent(registered[1].inputs), null);
  });
});

/** What a pin says of its kept answers when the engine has admitted this document. */
async function answersOf(admitted: unknown, digest: string = pin.digest): Promise<unknown> {
  const document = documentOf(compliantEvidence());
  const candidate = { ...compliantCandidate(), document, settings: "{}" };
  let found: unknown;
  await registrationsOf(
    () => {
      const { stateDir } = settings;
      const modelPin = new ModelPin("model-pin", {
        candidate,
        gates: {},
        stateDir,
        cluster: null,
      });
      modelPin.answers.apply((answers) => (found = answers));
    },
    () => ({
      modelUri: "models:/churn-model/2",
      evidence: admitted === null ? null : documentOf(admitted),
      pin: { ...pin, digest },
    }),
  );
  return found;
}

describe("ModelPin.answers", () => {
  it("are those that the admitted evidence names, also where the registry has another by now", async () => {
    const other = { digest: digestOf("5"), rows: 7 };
    const admitted = { ...compliantEvidence(), task: "regression", answers: other };
    assert.deepEqual(await answersOf(admitted), { ...other, task: "regression" });
  });

  it("are null for evidence of before they were kept, and without evidence", async () => {
    const { answers, ...older } = compliantEvidence();
    assert.equal(await answersOf(older), null);
    assert.equal(await answersOf(null), null);
  });

  it("aren't there when other bytes were admitted", async () => {
    assert.equal(await answersOf(compliantEvidence(), digestOf("8")), undefined);
  });
});

describe("ModelServing", () => {
  it("asks the runtime to serve exactly the pinned version", async () => {
    const { runtime, asked } = recordingRuntime();
    const registered = await registrationsOf(
      () =>
        new ModelServing("model-serving", {
          runtime,
          settings,
          pin,
          modelUri: "models:/churn-model/2",
          trackingUri: "http://127.0.0.1:5001",
          answers: { digest: digestOf("9"), rows: 400, task: "classification" },
        }),
    );
    assert.deepEqual(registered, [
      {
        type: "tollgate:component:ModelServing",
        name: "model-serving",
        inputs: { pin, replicas: 1 },
      },
    ]);
    const registry = {
      uri: "http://127.0.0.1:5001",
      caFile: null,
      tokenVariable: "MLFLOW_TRACKING_TOKEN",
      timeoutSeconds: 5,
      credentials: null,
      cluster: null,
    };
    const answers = { digest: digestOf("9"), rows: 400, task: "classification" };
    assert.deepEqual(asked, [
      ["serving", "model-serving", "2", pin.digest],
      ["answers", { registry, model: pin.name, ...answers }],
    ]);
  });
});

describe("StageAlias", () => {
  it("marks the pinned version and writes the receipt after it", async () => {
    const candidate = compliantCandidate();
    const admission = admissionOf(candidate);
    const registered = await registrationsOf(
      () => new StageAlias("stage-alias", { settings, pin, admission, released: pin.digest }),
    );
    assert.deepEqual(
      registered.map(({ name, inputs }) => ({ name, inputs })),
      [
        { name: "stage-alias", inputs: { alias: "staging", stage: "Staging", pin } },
        {
          name: "stage-alias-mark",
          inputs: {
            stateDir: "/project/.tollgate/staging",
            cluster: null,
            registry: {
              uri: "http://127.0.0.1:5001",
              caFile: null,
              tokenVariable: "MLFLOW_TRACKING_TOKEN",
              timeoutSeconds: 5,
              credentials: null,
              cluster: null,
            },
            model: "churn-model",
            version: "2",
            alias: "staging",
            stage: "Staging",
          },
        },
        {
          name: "stage-alias-receipt",
          inputs: {
            stateDir: "/project/.tollgate/staging",
            cluster: null,
            projectDir: "/project",
            stack: "staging",
            pin,
            admission,
          },
        },
      ],
    );
  });
});
