import assert from "node:assert/strict";
import { type GuardedResource, unknown } from "../../../policies/guardrails/guardrail";
import { imagesByDigest } from "../../../policies/guardrails/images-by-digest";
import { judged, resource, urnOf } from "./stacks";

const digest = `sha256:${"a".repeat(64)}`;
const container = "docker:index/container:Container";
const remoteImage = "docker:index/remoteImage:RemoteImage";
const check = (...resources: GuardedResource[]) => judged(imagesByDigest, resources);

describe("imagesByDigest", () => {
  for (const [type, around] of [
    ["kubernetes:core/v1:Pod", (pod: object) => ({ spec: pod })],
    ["kubernetes:v1:Pod", (pod: object) => ({ spec: pod })],
    ["kubernetes:apps/v1:Deployment", (pod: object) => ({ spec: { template: { spec: pod } } })],
    ["kubernetes:apps/v1beta1:StatefulSet", (pod: object) => ({ spec: { template: { spec: pod } } })], // prettier-ignore
    ["kubernetes:extensions/v1beta1:DaemonSet", (pod: object) => ({ spec: { template: { spec: pod } } })], // prettier-ignore
    ["kubernetes:apps/v1:DaemonSetPatch", (pod: object) => ({ spec: { template: { spec: pod } } })],
    ["kubernetes:batch/v1:CronJob", (pod: object) => ({ spec: { jobTemplate: { spec: { template: { spec: pod } } } } })], // prettier-ignore
    ["kubernetes:core/v1:PodTemplate", (pod: object) => ({ template: { spec: pod } })],
    ["kubernetes:apps/v1:DeploymentList", (pod: object) => ({ items: [{ spec: { template: { spec: pod } } }] })], // prettier-ignore
    ["kubernetes:argoproj.io/v1alpha1:Rollout", (pod: object) => ({ spec: { template: { spec: pod } } })], // prettier-ignore
  ] as const) {
    it(`passes a digest and refuses a tag in ${type}`, () => {
      const pods = (image: string) =>
        resource(type, "model", around({ containers: [{ name: "scorer", image }] }));
      assert.deepEqual(check(pods(`scorer@${digest}`)), []);
      assert.deepEqual(check(pods("scorer:1.2")), [
        `${type} model runs scorer from the image "scorer:1.2".`,
      ]);
    });
  }

  for (const image of [
    undefined,
    unknown,
    7,
    "",
    "scorer",
    "scorer:latest",
    `scorer:latest@${digest.slice(0, -1)}`,
    `scorer@${digest}0`,
    `scorer@${digest.toUpperCase()}`,
    `scorer@md5:${"a".repeat(64)}`,
    `@${digest}`,
    `scorer @${digest}`,
    `scorer@${digest}\n`,
    `${digest}-x`,
  ]) {
    it(`refuses the image ${JSON.stringify(image) ?? String(image)}`, () => {
      assert.equal(check(resource(container, "model", { image })).length, 1);
    });
  }

  it("passes a container of Docker by digest, also after a tag, or by id", () => {
    for (const image of [`registry.example.com:5000/scorer:1@${digest}`, digest]) {
      assert.deepEqual(check(resource(container, "model", { image })), []);
    }
  });

  it("refuses an id everywhere else, where it is the tag of an image called sha256", () => {
    const pod = { containers: [{ name: "scorer", image: digest }] };
    assert.equal(check(resource("kubernetes:core/v1:Pod", "model", { spec: pod })).length, 1);
  });

  describe("an image not known yet", () => {
    const from = (type: string) => ({ refersTo: { image: [urnOf(type, "image")] } });
    const model = (type: string) => resource(container, "model", { image: unknown }, from(type));
    const refused = `${container} model runs model from the image a value not known yet.`;

    it("passes when it comes from a RemoteImage by digest", () => {
      const image = resource(remoteImage, "image", { name: `scorer@${digest}` });
      assert.deepEqual(check(model(remoteImage), image), []);
    });

    for (const name of ["scorer:1", undefined, unknown]) {
      it(`refuses a RemoteImage of ${String(name)}, whatever runs from it`, () => {
        const sentences = check(model(remoteImage), resource(remoteImage, "image", { name }));
        assert.equal(sentences.length, 1);
        assert.match(sentences[0]!, /RemoteImage image pulls the image /);
      });
    }

    for (const type of ["docker:index/image:Image", "docker-build:index:Image"]) {
      it(`passes when the stack builds it as ${type}, as the update judges it`, () => {
        assert.deepEqual(check(model(type), resource(type, "image", {})), []);
        const spec = { containers: [{ name: "scorer", image: unknown }] };
        const refersTo = { spec: [urnOf(type, "image")] };
        const pod = resource("kubernetes:core/v1:Pod", "model", { spec }, { refersTo });
        assert.deepEqual(check(pod, resource(type, "image", {})), []);
      });
    }

    it("refuses it from anything else, or from nowhere", () => {
      const other = "any:index:Thing";
      assert.deepEqual(check(model(other), resource(other, "image", {})), [refused]);
      assert.deepEqual(check(model(remoteImage)), [refused]);
    });
  });

  it("refuses init and ephemeral containers by tag", () => {
    const pod = {
      containers: [{ name: "scorer", image: `scorer@${digest}` }],
      initContainers: [{ name: "fetch", image: "fetch:latest" }],
      ephemeralContainers: [{ name: "debug", image: "debug" }],
    };
    assert.deepEqual(check(resource("kubernetes:core/v1:Pod", "model", { spec: pod })), [
      'kubernetes:core/v1:Pod model runs fetch from the image "fetch:latest".',
      'kubernetes:core/v1:Pod model runs debug from the image "debug".',
    ]);
  });

  for (const [what, type, props] of [
    ["a template", "kubernetes:apps/v1:Deployment", { spec: { template: unknown } }],
    ["a list of containers", "kubernetes:core/v1:Pod", { spec: { containers: unknown } }],
    ["a container", "kubernetes:core/v1:Pod", { spec: { containers: [unknown] } }],
    ["init containers", "kubernetes:core/v1:Pod", { spec: { containers: [], initContainers: unknown } }], // prettier-ignore
    ["a list's items", "kubernetes:core/v1:PodList", { items: unknown }],
    ["a service", "docker:index/service:Service", { taskSpec: unknown }],
    ["a model's containers", "aws:sagemaker/model:Model", { containers: unknown }],
  ] as const) {
    it(`refuses ${what} not known yet`, () => {
      assert.deepEqual(check(resource(type, "model", props)), [
        `${type} model has containers not known yet.`,
      ]);
    });
  }

  it("refuses a Helm release, whose containers nobody sees", () => {
    const release = "kubernetes:helm.sh/v3:Release";
    assert.deepEqual(check(resource(release, "model", { chart: "mlflow" })), [
      `${release} model makes containers that only Helm sees.`,
    ]);
  });

  it("judges the containers of an ECS task, and refuses what it can't read", () => {
    const type = "aws:ecs/taskDefinition:TaskDefinition";
    const task = (containerDefinitions: unknown) =>
      check(resource(type, "task", { containerDefinitions }));
    assert.deepEqual(task(JSON.stringify([{ name: "scorer", image: `scorer@${digest}` }])), []);
    assert.deepEqual(task(JSON.stringify([{ name: "scorer", image: "scorer:1" }])), [
      `${type} task runs scorer from the image "scorer:1".`,
    ]);
    for (const definitions of [unknown, undefined, "[", "{}", "[1]"]) {
      assert.deepEqual(task(definitions), [`${type} task has containers not known yet.`]);
    }
  });

  for (const [type, props] of [
    ["docker:index/service:Service", (image: string) => ({ taskSpec: { containerSpec: { image } } })], // prettier-ignore
    ["aws:lambda/function:Function", (image: string) => ({ imageUri: image })],
    ["aws:sagemaker/model:Model", (image: string) => ({ primaryContainer: { image } })],
    ["aws:sagemaker/model:Model", (image: string) => ({ containers: [{ image }] })],
    ["aws:batch/jobDefinition:JobDefinition", (image: string) => ({ containerProperties: JSON.stringify({ image }) })], // prettier-ignore
    ["aws:apprunner/service:Service", (image: string) => ({ sourceConfiguration: { imageRepository: { imageIdentifier: image } } })], // prettier-ignore
  ] as const) {
    it(`passes a digest and refuses a tag in ${type}`, () => {
      assert.deepEqual(check(resource(type, "model", props(`scorer@${digest}`))), []);
      assert.deepEqual(check(resource(type, "model", props("scorer:1"))), [
        `${type} model runs model from the image "scorer:1".`,
      ]);
    });
  }

  it("passes what runs no container", () => {
    assert.deepEqual(check(resource("tollgate:index:Process", "scorer", { image: "x" })), []);
    assert.deepEqual(check(resource("aws:lambda/function:Function", "zip", {})), []);
    assert.deepEqual(check(resource("aws:batch/jobDefinition:JobDefinition", "multi", {})), []);
    const map = resource("kubernetes:core/v1:ConfigMap", "map", { data: { containers: "x" } });
    assert.deepEqual(check(map), []);
  });
});
