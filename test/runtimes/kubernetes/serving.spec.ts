// What serves a version, as the engine is told of it. Cannot prove that the plugin takes it: test/cluster/ does.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { generationOf, templateOf } from "../../../runtimes/kubernetes/manifests/scorer";
import { servingManifests } from "../../../runtimes/kubernetes/manifests/serving";
import { declareServing } from "../../../runtimes/kubernetes/serving";
import { anyClusterSettings } from "../../support/cluster-settings";
import { registrationsOf } from "../../support/mocks";
import { served, settingsOf } from "./served";

const answers = {
  registry: {
    uri: "http://tracking-server:5000",
    caFile: null,
    tokenVariable: "MLFLOW_TRACKING_TOKEN",
    timeoutSeconds: 5,
    cluster: null,
  },
  model: "churn-model",
  digest: `sha256:${"9".repeat(64)}`,
  rows: 400,
  task: "classification",
} as const;

function declared(settings = settingsOf()) {
  const { modelUri, trackingUri, version, digest } = served;
  return registrationsOf(() => {
    const parent = new pulumi.ComponentResource("tollgate:test:Parent", "parent");
    return declareServing(
      "serving",
      { settings, modelUri, trackingUri, version, digest, answers },
      { parent },
    );
  });
}

describe("declareServing", () => {
  const generation = generationOf(settingsOf(), served);

  it("makes the Service, the generation's Deployment and the release", async () => {
    const found = (await declared()).slice(1);
    assert.deepEqual(
      found.map(({ type, name }) => [type, name]),
      [
        ["kubernetes:core/v1:Service", "serving-service-scorer"],
        ["kubernetes:apps/v1:Deployment", `serving-deployment-scorer-${generation}`],
        ["tollgate:index:ClusterRelease", "serving-release"],
      ],
    );
    assert.deepEqual(found.at(-1)!.inputs, {
      cluster: { kubeconfig: null, context: null, namespace: "churn-model-staging" },
      stateDir: "/project/.tollgate/staging",
      workload: { kind: "Deployment", name: `scorer-${generation}` },
      service: "scorer",
      selector: { "app.kubernetes.io/name": "scorer", "tollgate.dev/generation": generation },
      container: "scorer",
      port: 8000,
      url: "http://scorer.churn-model-staging.svc:8000",
      model: "churn-model",
      version: "3",
      digest: served.digest,
      template: templateOf(settingsOf(), served),
      replicas: 1,
      startTimeoutSeconds: 60,
      watchSeconds: 3,
      maxErrorRate: 0.01,
      maxP95Ms: 200,
      answers,
    });
  });

  it("makes Argo's analyses and both Services before the Rollout that names them", async () => {
    const found = await declared(settingsOf({ rollout: "blueGreen" }));
    const referredTo = [
      "serving-analysistemplate-release-check",
      "serving-service-scorer",
      "serving-service-scorer-preview",
    ];
    const registered = found.slice(1).map(({ name }) => name);
    assert.deepEqual(registered.slice(0, 3).sort(), referredTo);
    assert.deepEqual(registered.slice(3), ["serving-rollout-scorer", "serving-release"]);
  });

  it("tells the release which container scores with KServe", async () => {
    const found = await declared(settingsOf({ modelFrom: "kserve" }));
    const { workload, container } = found.at(-1)!.inputs;
    assert.equal((workload as { kind: string }).kind, "InferenceService");
    assert.equal(container, "kserve-container");
  });

  it("needs a model's address that an admission gave", async () => {
    const found = await declared();
    const deployment = found.find(({ type }) => type.endsWith(":Deployment"));
    assert.ok(JSON.stringify(deployment!.inputs).includes("models:/churn-model/3"));
  });
});

describe("servingManifests", () => {
  it("are plain objects of one namespace, each once, whatever the settings", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const manifests = Object.values(servingManifests(settings, served)).flat();
      const keys = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(keys).size, keys.length);
      for (const manifest of manifests) {
        assert.equal(manifest.metadata.namespace, settings.kubernetes.cluster.namespace);
        assert.match(manifest.metadata.name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        assert.deepEqual(JSON.parse(JSON.stringify(manifest)), manifest);
        assert.notEqual(manifest.kind, "Secret");
      }
    });
    fc.assert(check, { numRuns: 100 });
  });

  it("are the same bytes each time", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const [once, again] = [1, 2].map(() => JSON.stringify(servingManifests(settings, served)));
      assert.equal(once, again);
    });
    fc.assert(check, { numRuns: 30 });
  });
});
