// The InferenceService as data. Cannot prove that KServe takes it: test/cluster/ holds it against KServe's own schema.
import assert from "node:assert/strict";
import { scorerTemplate } from "../../../runtimes/kubernetes/manifests/scorer";
import { workloadManifests } from "../../../runtimes/kubernetes/manifests/workload";
import { served, settingsOf, withReplicas } from "./served";

type Predictor = Record<string, unknown> & {
  containers: { name: string }[];
  labels: Record<string, string>;
};

function serviceOf(settings = settingsOf({ modelFrom: "kserve" })) {
  const [manifest] = workloadManifests(settings, served);
  const { predictor } = manifest!["spec"] as { predictor: Predictor };
  return { manifest: manifest!, predictor };
}

describe("inferenceService", () => {
  it("runs our scorer and its check of the bytes, and asks KServe for no download", () => {
    const settings = settingsOf({ modelFrom: "kserve" });
    const { predictor } = serviceOf(settings);
    const { spec } = scorerTemplate(settings, served);
    assert.deepEqual(predictor["initContainers"], spec["initContainers"]);
    assert.deepEqual(predictor.containers, spec["containers"]);
    assert.deepEqual(
      predictor.containers.map(({ name }) => name),
      ["kserve-container"],
    );
    assert.equal(JSON.stringify(predictor).includes("storageUri"), false);
  });

  it("is a plain Deployment that can't be reached from outside, with the digest on object and pods", () => {
    const { manifest, predictor } = serviceOf();
    const annotations = manifest.metadata.annotations!;
    assert.equal(annotations["serving.kserve.io/deploymentMode"], "RawDeployment");
    assert.equal(annotations["tollgate.dev/digest"], served.digest);
    assert.deepEqual(
      (predictor["annotations"] as Record<string, string>)["tollgate.dev/digest"],
      served.digest,
    );
    assert.equal(manifest.metadata.labels!["networking.kserve.io/visibility"], "cluster-local");
    assert.equal(predictor.labels["app.kubernetes.io/name"], "scorer");
  });

  it("keeps as many scorers as asked for, and one more while it changes", () => {
    const { manifest, predictor } = serviceOf(withReplicas(3, { modelFrom: "kserve" }));
    assert.equal(manifest.metadata.annotations!["serving.kserve.io/autoscalerClass"], "external");
    assert.equal(predictor["minReplicas"], 3);
    assert.equal("maxReplicas" in predictor, false);
    assert.deepEqual(predictor["deploymentStrategy"], {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
    });
  });

  it("is scaled by KServe when the settings ask for it", () => {
    const autoscale = { maxReplicas: 5, cpuPercent: 60, requestsPerSecond: null };
    const { manifest, predictor } = serviceOf(settingsOf({ modelFrom: "kserve", autoscale }));
    assert.equal(manifest.metadata.annotations!["serving.kserve.io/autoscalerClass"], "hpa");
    const { minReplicas, maxReplicas, scaleMetric, scaleTarget } = predictor;
    assert.deepEqual([minReplicas, maxReplicas, scaleMetric, scaleTarget], [1, 5, "cpu", 60]);
  });
});
