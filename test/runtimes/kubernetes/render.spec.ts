// Manifests of whole environments as data. Cannot prove that an API server accepts them: test/cluster/render.spec.ts does.
import assert from "node:assert/strict";
import fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { ArtifactStore } from "../../../components/artifact-store";
import { Foundation } from "../../../components/foundation";
import { ModelServing } from "../../../components/model-serving";
import { TrackingServer } from "../../../components/tracking-server";
import { kubernetes } from "../../../runtimes/kubernetes/declare";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { renderedGroups, renderedManifests } from "../../../runtimes/kubernetes/render";
import { anyClusterSettings } from "../../support/cluster-settings";
import { clusterSettings } from "../../support/fixtures";
import { registrationsOf } from "../../support/mocks";

/** Every option that adds an object. */
const everything = {
  rollout: "blueGreen",
  prometheus: "http://prometheus.monitoring.svc:9090",
  monitoring: "operator",
  autoscale: { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null },
  ingress: { host: "churn.example.com", className: "nginx", tlsSecret: "churn-tls" },
  gateway: { host: "churn.example.com", name: "public", namespace: "gateways" },
} as const;

describe("renderedGroups", () => {
  it("are a namespace, data, registry, scorers and then what sends callers to them", () => {
    const groups = renderedGroups(clusterSettings()).map(({ name, manifests }) => [
      name,
      manifests.map(({ kind }) => kind).filter((kind, at, all) => all.indexOf(kind) === at),
    ]);
    assert.deepEqual(Object.fromEntries(groups), {
      namespace: [
        "Namespace",
        "ServiceAccount",
        "ResourceQuota",
        "LimitRange",
        "Role",
        "NetworkPolicy",
      ],
      data: ["PersistentVolumeClaim", "Service", "StatefulSet", "ConfigMap", "CronJob", "Job"],
      registry: ["Deployment", "Service"],
      scorer: ["Deployment"],
      traffic: ["Service"],
    });
  });

  it("have the Services before the Rollout where Argo Rollouts moves traffic", () => {
    const groups = renderedGroups(clusterSettings({}, { rollout: "blueGreen" }));
    const scorer = groups.find(({ name }) => name === "scorer")!.manifests;
    assert.deepEqual(
      scorer.map(({ kind, metadata: { name } }) => `${kind} ${name}`),
      [
        "AnalysisTemplate release-check",
        "Service scorer",
        "Service scorer-preview",
        "Rollout scorer",
      ],
    );
    assert.equal(
      groups.some(({ name }) => name === "traffic"),
      false,
    );
  });

  it("are those of the registry alone without a pin", () => {
    const names = renderedGroups(clusterSettings({ pin: null })).map(({ name }) => name);
    assert.deepEqual(names, ["namespace", "data", "registry"]);
  });

  it("have no registry where it is kept elsewhere", () => {
    const { trackingServer } = clusterSettings();
    const elsewhere = { ...trackingServer, uri: "https://registry.example.com", managed: false };
    const groups = renderedGroups(clusterSettings({ trackingServer: elsewhere }));
    assert.deepEqual(
      groups.map(({ name }) => name),
      ["namespace", "scorer", "traffic"],
    );
  });
});

describe("renderedManifests", () => {
  const variants: [string, Parameters<typeof clusterSettings>[1]][] = [
    ["deployment", {}],
    ["canary", { rollout: "canary" }],
    ["everything", everything],
  ];
  const moved = ["Service scorer", "Service scorer-preview"];
  for (const [variant, kubernetes] of variants) {
    it(`are what the runtime declares to the engine, but for selectors that a release moves: ${variant}`, async () => {
      const settings = clusterSettings({}, kubernetes);
      const declared = await declaredObjects(settings);
      const rendered = renderedManifests(settings);
      assert.deepEqual(Object.keys(declared).sort(), rendered.map(nameOf).sort());
      for (const manifest of rendered) {
        const name = nameOf(manifest);
        const { selector, ...spec } = (manifest["spec"] ?? {}) as Record<string, unknown>;
        const expected = moved.includes(name) && selector ? { ...manifest, spec } : manifest;
        assert.deepEqual(
          withoutTheEnginesOwn(declared[name]!),
          withoutTheEnginesOwn(expected),
          name,
        );
      }
    });
  }

  it("are the same for the same settings", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        const once = JSON.stringify(renderedManifests(settings));
        assert.equal(JSON.stringify(renderedManifests(structuredClone(settings))), once);
      }),
    );
  });

  it("differ between two versions only in what serves", () => {
    const { pin } = clusterSettings();
    const one = renderedManifests(clusterSettings());
    const other = renderedManifests(
      clusterSettings({ pin: { ...pin!, version: "3", digest: `sha256:${"e".repeat(64)}` } }),
    );
    const texts = new Set(one.map((manifest) => JSON.stringify(manifest)));
    const changed = other.filter((manifest) => !texts.has(JSON.stringify(manifest)));
    assert.deepEqual(
      changed.map(({ kind }) => kind),
      ["Deployment", "Service"],
    );
  });

  it("have unique names of at most 63 characters, in the one namespace", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        const manifests = renderedManifests(settings);
        const names = manifests.map(nameOf);
        assert.deepEqual(
          names.filter((name, at) => names.indexOf(name) !== at),
          [],
        );
        for (const { kind, metadata } of manifests) {
          assert.match(metadata.name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, kind);
          const namespace =
            kind === "Namespace" ? undefined : settings.kubernetes.cluster.namespace;
          assert.equal(metadata.namespace, namespace, nameOf({ kind, metadata } as Manifest));
        }
      }),
    );
  });

  it("hold no Secret, no value that isn't plain, and no word for Pulumi's plugin", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        for (const manifest of renderedManifests(settings)) {
          assert.notEqual(manifest.kind, "Secret");
          assert.deepEqual(asData(manifest), manifest, nameOf(manifest));
          assert.doesNotMatch(JSON.stringify(manifest), /pulumi\.com/);
        }
      }),
    );
  });

  it("name every image by digest, and only images of the settings", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        const { images, modelImage } = settings.kubernetes;
        const known = [...Object.values(images), modelImage];
        for (const container of containersOf(settings)) {
          assert.match(container.image, /^[^\s@]+@sha256:[0-9a-f]{64}$/);
          assert.ok(known.includes(container.image), container.image);
        }
      }),
    );
  });

  it("run every pod as Pod Security `restricted` asks, with a read-only root and no token", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        for (const pod of podsOf(settings)) {
          assert.equal(pod.automountServiceAccountToken, false);
          assert.equal(pod.securityContext.runAsNonRoot, true);
          assert.deepEqual(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
          assert.ok(pod.securityContext.runAsUser >= 10_000);
          for (const volume of pod.volumes ?? []) assert.equal(volume.hostPath, undefined);
          assert.equal(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC, undefined);
        }
        for (const { securityContext, ports } of containersOf(settings)) {
          assert.deepEqual(securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
          for (const port of ports ?? []) assert.equal(port.hostPort, undefined);
        }
      }),
    );
  });

  it("ask for resources as the environment's level says", () => {
    fc.assert(
      fc.property(anyClusterSettings(), (settings) => {
        const { resourceLevel } = settings.kubernetes;
        const wanted = {
          none: [],
          requests: ["requests"],
          limits: ["requests", "limits"],
        }[resourceLevel];
        for (const { name, resources } of containersOf(settings)) {
          assert.deepEqual(Object.keys(resources ?? {}), wanted, name);
        }
      }),
    );
  });
});

interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext: object;
  readonly resources?: object;
  readonly ports?: { hostPort?: number }[];
}

interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { runAsNonRoot: boolean; runAsUser: number; seccompProfile: object };
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly volumes?: { hostPath?: object }[];
  readonly containers: Container[];
  readonly initContainers?: Container[];
}

/** Whatever has containers, wherever it stands. */
function podsOf(settings: ClusterSettings): Pod[] {
  const pods: Pod[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray((value as Pod).containers)) pods.push(value as Pod);
    Object.values(value).forEach(walk);
  };
  renderedManifests(settings).forEach(walk);
  return pods;
}

function containersOf(settings: ClusterSettings): Container[] {
  return podsOf(settings).flatMap((pod) => [...(pod.initContainers ?? []), ...pod.containers]);
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

function asData(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What the runtime declares to the engine for these settings, by name. */
async function declaredObjects(settings: ClusterSettings): Promise<Record<string, Manifest>> {
  const runtime = kubernetes;
  const registrations = await registrationsOf(() => {
    const below = Foundation.belowOf("foundation", { runtime, settings });
    const store = new ArtifactStore("artifact-store", { runtime, settings }, below);
    const server = new TrackingServer("tracking-server", { runtime, settings, store }, below);
    const pin = settings.pin!;
    const modelUri = pulumi.output(`models:/${pin.name}/${pin.version}`);
    const serving = { runtime, settings, pin, modelUri, trackingUri: server.uri, answers: null };
    new ModelServing("model-serving", serving, below);
  });
  const objects = registrations
    .filter(({ type }) => /^kubernetes:.+:\w+$/.test(type))
    .map(({ inputs }) => inputs as unknown as Manifest);
  return Object.fromEntries(objects.map((object) => [nameOf(object), object]));
}

/** Without the plugin's annotations, and without the fingerprints of Secrets, which only an `up` knows. */
function withoutTheEnginesOwn(object: Manifest): unknown {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).flatMap(([key, held]) => {
      if (key.startsWith("pulumi.com/") || key === "tollgate.dev/secrets") return [];
      const kept = walk(held);
      const empty = key === "annotations" && Object.keys(kept as object).length === 0;
      return empty ? [] : [[key, kept] as const];
    });
    return Object.fromEntries(entries);
  };
  return walk(asData(object));
}
