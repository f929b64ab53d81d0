import assert from "node:assert/strict";
import fc from "fast-check";
import { objectionsTo } from "../../../cli/render/guardrails";
import { guardrails } from "../../../policies/guardrails";
import { judgeStack } from "../../../policies/guardrails/guardrail";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { asResource, resourcesOf } from "../../../runtimes/kubernetes/operate/rendering";
import { renderedGroups } from "../../../runtimes/kubernetes/render";
import { anyClusterSettings } from "../../support/cluster-settings";
import { clusterSettings } from "../../support/fixtures";
import { temporaryFolder } from "../support/project";

const digest = "c".repeat(64);
const restricted = { runAsNonRoot: true, allowPrivilegeEscalation: false };
const limits = { cpu: "1", memory: "1Gi" };

/** A Deployment in order, but for what is changed of its container. */
function deployment(changes: object = {}): Manifest {
  const container = {
    name: "web",
    image: `web@sha256:${digest}`,
    securityContext: restricted,
    resources: { limits },
    ...changes,
  };
  return object("apps/v1", "Deployment", {
    spec: { template: { spec: { containers: [container] } } },
  });
}

function object(apiVersion: string, kind: string, fields: object): Manifest {
  return { apiVersion, kind, metadata: { name: "web", namespace: "shop" }, ...fields };
}

/** By guardrail, a manifest that it must refuse; null for one that says nothing of Kubernetes. */
const bad: Record<string, [manifest: Manifest, protect: boolean, says: RegExp][] | null> = {
  "serves-what-was-admitted": null,
  "nothing-beyond-loopback": [
    [object("v1", "Service", { spec: { type: "NodePort" } }), true, /is of type "NodePort"/],
    [object("v1", "Service", { spec: { type: "LoadBalancer" } }), true, /"LoadBalancer"/],
    [object("networking.k8s.io/v1", "Ingress", { spec: {} }), true, /from outside the cluster/],
    [deployment({ ports: [{ hostPort: 80 }] }), true, /80 for a hostPort/],
  ],
  "nothing-shared": null,
  "no-plain-secrets": [
    [object("v1", "Secret", { stringData: { any: "hunter2" } }), true, /a secret in plain/],
    [object("v1", "ConfigMap", { data: { a: "password=hunter2" } }), true, /a password in plain/],
    [deployment({ env: [{ name: "DB_PASSWORD", value: "hunter2" }] }), true, /a password in plain/],
  ],
  "images-by-digest": [[deployment({ image: "web:1.2" }), true, /from the image "web:1\.2"/]],
  "non-root-and-limits": [
    [deployment({ resources: {} }), true, /nothing for its limit of cpu/],
    [deployment({ securityContext: { ...restricted, runAsNonRoot: false } }), true, /runAsNonRoot/],
  ],
  "store-private": null,
  "database-protected": null,
  "deletion-protection": [
    [object("v1", "PersistentVolumeClaim", {}), false, /lacks the resource option protect/],
  ],
};

const nowhere = { production: true, exposed: [], places: {}, neighbours: [] };

describe("asResource", () => {
  it("is in order for every guardrail when the manifest is", () => {
    const resource = asResource("model-serving", deployment());
    for (const guardrail of guardrails) {
      assert.deepEqual(judgeStack(guardrail, { resources: [resource], ...nowhere }), []);
    }
  });

  it("is tried on every guardrail there is", () => {
    assert.deepEqual(
      Object.keys(bad),
      guardrails.map(({ name }) => name),
    );
  });

  for (const [name, manifests] of Object.entries(bad)) {
    for (const [manifest, protect, says] of manifests ?? []) {
      it(`refuses by ${name}: ${manifest.kind} that ${says.source}`, () => {
        const guardrail = guardrails.find((each) => each.name === name)!;
        const resource = { ...asResource("model-serving", manifest), protect };
        const [first] = judgeStack(guardrail, { resources: [resource], ...nowhere });
        assert.match(first!, says);
      });
    }
  }
});

describe("objectionsTo", () => {
  it("has nothing against any rendering whose openings the stack's file names", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        const resources = renderedGroups(settings).flatMap(({ manifests }) =>
          manifests.map((manifest) => asResource("model-serving", manifest)),
        );
        const production = settings.kubernetes.resourceLevel === "limits";
        const exposed = ["model-serving-service-scorer", "model-serving-ingress-scorer"];
        for (const guardrail of guardrails) {
          const stack = { resources, ...nowhere, production, exposed };
          assert.deepEqual(judgeStack(guardrail, stack), [], guardrail.name);
        }
      }),
    );
  });

  it("tells sentence and remedy, by the settings of the project folder", async () => {
    const settings = clusterSettings({}, { service: { type: "NodePort", nodePort: 30080 } });
    const resources = resourcesOf(renderedGroups(settings));
    const file = (exposed: string) => `config:\n  tollgate:tier: staging\n${exposed}`;
    const { dir, remove } = temporaryFolder({ "Pulumi.staging.yaml": file("") });
    const open = temporaryFolder({
      "Pulumi.staging.yaml": file("  tollgate:exposed: [model-serving-service-scorer]\n"),
    });
    try {
      const place = { stack: "staging", projectDir: dir };
      assert.deepEqual(await objectionsTo(place, resources), [
        'nothing-beyond-loopback: kubernetes:core/v1:Service model-serving-service-scorer is of type "NodePort". Let it listen on 127.0.0.1 (or inside the cluster or the private network), or add its name to tollgate:exposed in a reviewed change.',
      ]);
      assert.deepEqual(await objectionsTo({ ...place, projectDir: open.dir }, resources), []);
    } finally {
      remove();
      open.remove();
    }
  });
});
