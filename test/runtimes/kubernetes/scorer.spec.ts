// The scorer's pods as data. Cannot prove that they start: test/cluster/ does.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  generationOf,
  pathOfArgument,
  scorerTemplate,
  type Served,
  templateOf,
} from "../../../runtimes/kubernetes/manifests/scorer";
import { anyClusterSettings } from "../../support/cluster-settings";
import { digestOf } from "../../support/fixtures";
import { served, settingsOf } from "./served";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: string[];
  readonly args: string[];
  readonly env: { name: string; value?: string }[];
  readonly resources: Record<string, unknown>;
  readonly volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  readonly [field: string]: unknown;
}

interface Spec {
  readonly initContainers?: Container[];
  readonly containers: Container[];
  readonly volumes: { name: string }[];
  readonly [field: string]: unknown;
}

function podOf(settings = settingsOf(), of: Served = served) {
  const { metadata, spec } = scorerTemplate(settings, of);
  return Object.assign({ ...(spec as unknown as Spec) }, { metadata });
}

describe("scorerTemplate", () => {
  it("downloads and checks the version before its scorer starts", () => {
    const { initContainers, containers } = podOf();
    const pin = ["--model-uri", "models:/churn-model/3", "--model", "churn-model"].concat(
      ["--version", "3"],
      ["--digest", digestOf("a")],
    );
    const [fetch] = initContainers!;
    assert.deepEqual(fetch!.command, ["python", "-m", "tollgate_serving.fetch"]);
    assert.deepEqual(fetch!.args, [...pin, "--cache", "/models"]);
    assert.deepEqual(
      fetch!.env.find(({ name }) => name === "MLFLOW_TRACKING_URI"),
      { name: "MLFLOW_TRACKING_URI", value: served.trackingUri },
    );
    const [scorer] = containers;
    assert.deepEqual(scorer!.command, ["python", "-m", "tollgate_serving.scorer"]);
    assert.deepEqual(scorer!.args, [
      ...pin,
      ...["--stage", "Staging", "--host", "0.0.0.0", "--port", "8000"],
      ...["--log-level", "INFO", "--cache", "/models", "--answer-seconds", "120"],
      ...["--sandbox", "pod"],
    ]);
  });

  it("is the sandbox itself, unless the settings want none", () => {
    const sandboxOf = (sandbox: "required" | "preferred" | "off") => {
      const { scorer } = settingsOf();
      const { args } = podOf(settingsOf({}, { scorer: { ...scorer, sandbox } })).containers[0]!;
      return args[args.indexOf("--sandbox") + 1];
    };
    assert.deepEqual(
      (["required", "preferred", "off"] as const).map((wanted) => sandboxOf(wanted)),
      ["pod", "pod", "off"],
    );
  });

  it("gives the scorer the checked bytes read-only", () => {
    const mount = podOf().containers[0]!.volumeMounts.find(({ name }) => name === "models");
    assert.deepEqual(mount, { name: "models", mountPath: "/models", readOnly: true });
  });

  it("downloads nothing when the image holds the version", () => {
    const modelImage = `registry.example.com/churn@sha256:${"d".repeat(64)}`;
    const pod = podOf(settingsOf({ modelFrom: "image", modelImage }));
    assert.equal(pod.initContainers, undefined);
    assert.equal(pod.containers[0]!.image, modelImage);
    assert.deepEqual(
      pod.volumes.map(({ name }) => name),
      ["tmp"],
    );
  });

  it("is taken out of the endpoints before it is told to end", () => {
    const { containers } = podOf();
    assert.deepEqual(containers[0]!["lifecycle"], { preStop: { sleep: { seconds: 5 } } });
  });

  it("may take as long to start as the settings say", () => {
    const { scorer } = settingsOf();
    const slow = settingsOf({}, { scorer: { ...scorer, startTimeoutSeconds: 90.5 } });
    assert.deepEqual(podOf(slow).containers[0]!["startupProbe"], {
      httpGet: { path: "/ready", port: 8000 },
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 91,
    });
  });

  it("keeps the rows that callers send in a folder of its own when it captures", () => {
    const { scorer } = settingsOf();
    const pod = podOf(settingsOf({}, { scorer: { ...scorer, captureRows: 500 } }));
    assert.deepEqual(pod.containers[0]!.args.slice(-4), [
      ...["--capture-rows", "500"],
      ...["--capture-file", "/captured/rows.csv"],
    ]);
    assert.deepEqual(pod.containers[0]!.volumeMounts.at(-1), {
      name: "captured",
      mountPath: "/captured",
    });
  });

  it("gives the download the credentials of a registry that is kept elsewhere, if there are any", () => {
    const { trackingServer } = settingsOf();
    const elsewhere = settingsOf({}, { trackingServer: { ...trackingServer, managed: false } });
    assert.deepEqual(podOf(elsewhere).initContainers![0]!["envFrom"], [
      { secretRef: { name: "registry-credentials", optional: true } },
    ]);
    assert.equal(podOf().initContainers![0]!["envFrom"], undefined);
  });

  it("gives the download what the stack's own registry wants, and the scorer nothing of it", () => {
    const { trackingServer } = settingsOf();
    const credentials = { secretName: "registry-credentials" };
    const pod = podOf(settingsOf({}, { trackingServer: { ...trackingServer, credentials } }));
    assert.deepEqual(pod.initContainers![0]!["envFrom"], [
      { secretRef: { name: "registry-credentials" } },
    ]);
    assert.doesNotMatch(JSON.stringify(pod.containers), /registry-credentials/);
  });

  for (const [level, resources, threads] of [
    ["none", {}, false],
    ["requests", { requests: { cpu: "500m", memory: "512Mi" } }, false],
    [
      "limits",
      {
        requests: { cpu: "500m", memory: "512Mi" },
        limits: { cpu: "500m", memory: "512Mi" },
      },
      true,
    ],
  ] as const) {
    it(`asks for what level ${level} wants`, () => {
      const { initContainers, containers } = podOf(settingsOf({ resourceLevel: level }));
      for (const { resources: found } of [...initContainers!, ...containers]) {
        assert.deepEqual(found, resources);
      }
      const held = containers[0]!.env.some(({ name }) => name === "OMP_NUM_THREADS");
      assert.equal(held, threads);
    });
  }

  it("keeps scorers of one generation apart, and harder at level limits", () => {
    const settings = settingsOf({ resourceLevel: "limits" });
    const matchLabels = {
      "app.kubernetes.io/name": "scorer",
      "tollgate.dev/generation": generationOf(settings, served),
    };
    const pod = podOf(settings);
    assert.deepEqual(pod["topologySpreadConstraints"], [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels },
      },
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels },
      },
    ]);
    assert.deepEqual(pod["affinity"], {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: "kubernetes.io/hostname",
              labelSelector: { matchLabels },
            },
          },
        ],
      },
    });
    assert.equal(podOf()["affinity"], undefined);
  });

  it("says the version, the digest and the template it was made from", () => {
    const { labels, annotations } = podOf().metadata;
    assert.equal(labels["tollgate.dev/version"], "3");
    assert.equal(labels["tollgate.dev/generation"], generationOf(settingsOf(), served));
    assert.equal(annotations["tollgate.dev/digest"], digestOf("a"));
    assert.equal(annotations["tollgate.dev/template"], templateOf(settingsOf(), served));
  });

  it("is restricted, has probes and asks for what its level wants, whatever the settings", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const { kubernetes } = settings;
      const pod = podOf(settings);
      assert.equal(pod["automountServiceAccountToken"], false);
      assert.deepEqual(pod["securityContext"], {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        fsGroup: 65532,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      });
      const asked = { none: [], requests: ["requests"], limits: ["requests", "limits"] };
      const all = [...(pod.initContainers ?? []), ...pod.containers];
      const volumes = new Set(pod.volumes.map(({ name }) => name));
      for (const container of all) {
        assert.deepEqual(container["securityContext"], {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        assert.match(container.image, /@sha256:[0-9a-f]{64}$/);
        assert.deepEqual(Object.keys(container.resources), asked[kubernetes.resourceLevel]);
        assert.ok(container.volumeMounts.every(({ name }) => volumes.has(name)));
      }
      for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
        assert.notEqual(pod.containers[0]![probe], undefined);
      }
      for (const value of Object.values(pod.metadata.labels)) {
        assert.match(value, /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);
      }
    });
    fc.assert(check, { numRuns: 100 });
  });
});

describe("pathOfArgument", () => {
  it("leads to the version and the digest in a Rollout's template", () => {
    const rollout = { spec: { template: scorerTemplate(settingsOf(), served) } };
    const at = (path: string) =>
      path
        .split(/[.[\]]+/)
        .filter((section) => section !== "")
        .reduce<unknown>((value, section) => (value as Record<string, unknown>)[section], rollout);
    assert.equal(at(pathOfArgument("--version")), "3");
    assert.equal(at(pathOfArgument("--digest")), digestOf("a"));
  });
});

describe("generationOf", () => {
  const before = generationOf(settingsOf(), served);

  it("is eight hex digits, the first of the template's", () => {
    assert.match(before, /^[0-9a-f]{8}$/);
    assert.equal(templateOf(settingsOf(), served).slice(0, 8), before);
  });

  const { scorer } = settingsOf();
  const image = `registry.example.com/tollgate@sha256:${"e".repeat(64)}`;
  for (const [what, settings, of] of [
    ["another version", settingsOf(), { ...served, version: "4" }],
    ["other bytes", settingsOf(), { ...served, digest: digestOf("b") }],
    [
      "another image",
      settingsOf({ images: { ...settingsOf().kubernetes.images, tollgate: image } }),
      served,
    ],
    ["another stage", settingsOf({}, { stage: "Production" }), served],
    ["another log level", settingsOf({}, { scorer: { ...scorer, logLevel: "DEBUG" } }), served],
    ["other resources", settingsOf({ resourceLevel: "limits" }), served],
    ["another way to be scraped", settingsOf({ monitoring: "operator" }), served],
  ] as const) {
    it(`is another for ${what}`, () => assert.notEqual(generationOf(settings, of), before));
  }

  for (const [what, settings] of [
    ["another number of scorers", settingsOf({}, { scorer: { ...scorer, replicas: 5 } })],
    ["another port for callers", settingsOf({}, { scorer: { ...scorer, port: 9000 } })],
    ["another way to move traffic", settingsOf({ rollout: "blueGreen" })],
    [
      "an autoscaler",
      settingsOf({ autoscale: { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null } }),
    ],
  ] as const) {
    it(`is the same with ${what}`, () => assert.equal(generationOf(settings, served), before));
  }

  it("is known before the addresses that other resources give", () => {
    const later = { ...served, modelUri: "known later", trackingUri: "known later" };
    assert.equal(generationOf(settingsOf(), later), before);
  });
});
