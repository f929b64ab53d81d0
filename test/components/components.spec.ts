// Which children each component declares, with exactly which inputs. Cannot prove that the provider accepts them.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ArtifactStore } from "../../components/artifact-store";
import { problemOfSent } from "../../policies/admission-inputs";
import { ModelPin } from "../../components/model-pin";
import { ModelServing } from "../../components/model-serving";
import { Receipt } from "../../components/receipt";
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

const store = {
  destination: "s3://churn-model-staging",
  environment: {},
  secret: null,
  resources: [],
};

/** A runtime that declares nothing and says what it was asked. */
function recordingRuntime() {
  const asked: unknown[][] = [];
  const runtime: Runtime = {
    foundation: null,
    externalSecret: null,
    database: (name) => {
      asked.push(["database", name]);
      return null;
    },
    artifactStore: (name) => {
      asked.push(["artifactStore", name]);
      return store;
    },
    trackingServer: (name, inputs) => {
      asked.push(["trackingServer", name, inputs.database, inputs.store]);
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
      const artifacts = new ArtifactStore("artifact-store", { runtime, settings });
      new TrackingServer("tracking-server", { runtime, settings, store: artifacts });
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
      ["database", "tracking-server"],
      ["trackingServer", "tracking-server", null, store],
    ]);
  });

  it("ask the runtime for nothing where the registry is kept elsewhere, and give its address", async () => {
    const { runtime, asked } = recordingRuntime();
    const uri = "https://registry.example.com";
    const elsewhere = stagingSettings({
      trackingServer: { ...settings.trackingServer, managed: false, uri },
    });
    let given: unknown;
    const registered = await registrationsOf(() => {
      const artifacts = new ArtifactStore("artifact-store", { runtime, settings: elsewhere });
      assert.equal(artifacts.parts, null);
      const args = { runtime, settings: elsewhere, store: artifacts };
      new TrackingServer("tracking-server", args).uri.apply((known) => (given = known));
    });
    assert.deepEqual(
      registered.map(({ name }) => name),
      ["artifact-store", "tracking-server"],
    );
    assert.deepEqual(asked, []);
    assert.equal(given, uri);
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
  it("marks the pinned version", async () => {
    const registered = await registrationsOf(
      () => new StageAlias("stage-alias", { settings, pin, released: pin.digest }),
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
      ],
    );
  });
});

describe("Receipt", () => {
  const admission = admissionOf(compliantCandidate());

  it("writes one line, for exactly what was admitted", async () => {
    const registered = await registrationsOf(
      () => new Receipt("receipt", { settings, pin, admission }),
    );
    assert.deepEqual(registered, [
      { type: "tollgate:component:Receipt", name: "receipt", inputs: { pin } },
      {
        type: "tollgate:index:Receipt",
        name: "receipt-line",
        inputs: {
          stateDir: "/project/.tollgate/staging",
          cluster: null,
          projectDir: "/project",
          stack: "staging",
          pin,
          admission,
        },
      },
    ]);
  });

  it("has its line below itself, after what it waits for, known by where states have it", async () => {
    let options: pulumi.ResourceOptions = {};
    let oldParent: unknown;
    let mark: StageAlias | undefined;
    let receipt: Receipt | undefined;
    await registrationsOf(() => {
      const reading: pulumi.ResourceTransformation = ({ name, opts }) => {
        if (name === "receipt-line") options = opts;
        return undefined;
      };
      mark = new StageAlias("stage-alias", { settings, pin, released: pin.digest });
      const args = { settings, pin, admission };
      receipt = new Receipt("receipt", args, { dependsOn: mark, transformations: [reading] });
      const [alias] = options.aliases as pulumi.Alias[];
      pulumi.output(alias!.parent).apply((urn) => (oldParent = urn));
    });
    assert.equal(options.parent, receipt);
    assert.equal(options.dependsOn, mark);
    assert.deepEqual(
      (options.aliases as pulumi.Alias[]).map(({ name }) => name),
      ["stage-alias-receipt"],
    );
    assert.equal(
      oldParent,
      "urn:pulumi:test::tollgate::tollgate:component:StageAlias::stage-alias",
    );
  });
});
