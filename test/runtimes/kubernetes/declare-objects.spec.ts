// What the engine is told of an object, and in which order. Cannot prove that the plugin accepts it: the specs in
// test/cluster/ do.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { declare, declareReady } from "../../../runtimes/kubernetes/declare-objects";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { declaredBy, typesOf } from "./declared";

const namespace: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };

function object(kind: string, apiVersion = "v1"): Manifest {
  return { apiVersion, kind, metadata: { name: "it", namespace: "shop" }, spec: { some: "thing" } };
}

describe("declare", () => {
  it("calls each object what the Kubernetes SDK calls it, custom resources too", async () => {
    const manifests = [
      object("ConfigMap"),
      object("Deployment", "apps/v1"),
      object("Rollout", "argoproj.io/v1alpha1"),
    ];
    const declared = await declaredBy((opts) => declare("one", manifests, opts));
    assert.deepEqual(typesOf(declared), {
      "one-configmap-it": "kubernetes:core/v1:ConfigMap",
      "one-deployment-it": "kubernetes:apps/v1:Deployment",
      "one-rollout-it": "kubernetes:argoproj.io/v1alpha1:Rollout",
    });
  });

  it("passes a manifest on as it is, with what the plugin is told by annotation", async () => {
    const manifest = {
      ...object("Job", "batch/v1"),
      metadata: { name: "it", namespace: "shop", annotations: { "tollgate.dev/x": "y" } },
    };
    const [job] = await declaredBy((opts) => declare("one", [manifest], opts));
    assert.deepEqual(job?.inputs, {
      ...manifest,
      metadata: {
        name: "it",
        namespace: "shop",
        annotations: {
          "tollgate.dev/x": "y",
          "pulumi.com/skipAwait": "true",
          "pulumi.com/deletionPropagationPolicy": "background",
          "pulumi.com/replaceUnready": "true",
          "pulumi.com/patchForce": "true",
        },
      },
    });
  });

  it("doesn't force its will on a Service, whose selector others move", async () => {
    const [service] = await declaredBy((opts) => declare("one", [object("Service")], opts));
    assert.deepEqual((service?.inputs["metadata"] as Manifest["metadata"]).annotations, {
      "pulumi.com/skipAwait": "true",
    });
  });

  it("makes the namespace first, and everything else after it", async () => {
    const declared = await declaredBy((opts) =>
      declare("one", [object("ConfigMap"), namespace, object("Service")], opts),
    );
    assert.deepEqual(
      declared.map(({ name, after }) => [name, after]),
      [
        ["one-namespace-shop", []],
        ["one-configmap-it", ["one-namespace-shop"]],
        ["one-service-it", ["one-namespace-shop"]],
      ],
    );
  });

  it("keeps what holds data when it is no longer declared, and nothing else", async () => {
    const declared = await declaredBy((opts) =>
      declare(
        "one",
        [namespace, object("PersistentVolumeClaim"), object("ConfigMap"), object("Service")],
        opts,
      ),
    );
    assert.deepEqual(
      declared.filter(({ retained }) => retained).map(({ name }) => name),
      ["one-namespace-shop", "one-persistentvolumeclaim-it"],
    );
  });
});

describe("declareReady", () => {
  const cluster = { kubeconfig: null, context: null, namespace: "shop" };

  it("waits for workloads by their pods' labels, and for nothing else", async () => {
    const manifests = [
      object("Deployment", "apps/v1"),
      object("StatefulSet", "apps/v1"),
      object("Job", "batch/v1"),
      object("CronJob", "batch/v1"),
      object("Service"),
    ];
    const declared = await declaredBy((opts) => declareReady("one", manifests, cluster, opts));
    const ready = (kind: string, selector: object, timeoutSeconds: number) => ({
      cluster,
      kind,
      name: "it",
      selector,
      timeoutSeconds,
    });
    assert.deepEqual(
      declared.map(({ name, inputs }) => [name, inputs]),
      [
        ["one-deployment-ready", ready("Deployment", { "app.kubernetes.io/name": "it" }, 300)],
        ["one-statefulset-ready", ready("StatefulSet", { "app.kubernetes.io/name": "it" }, 300)],
        ["one-job-ready", ready("Job", { "batch.kubernetes.io/job-name": "it" }, 1800)],
      ],
    );
  });

  it("gives what it declared, to be waited for", async () => {
    const declared = await declaredBy((opts) => {
      const ready = declareReady("one", [object("Job", "batch/v1")], cluster, opts);
      declare("two", [object("Service")], pulumi.mergeOptions(opts, { dependsOn: ready }));
    });
    assert.deepEqual(declared.at(-1)?.after, ["one-job-ready"]);
  });
});
