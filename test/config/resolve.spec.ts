import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveSettings, type StackContext } from "../../config/resolve";
import type { Settings } from "../../config/settings";
import { digest } from "./fixtures";

const context: StackContext = {
  stack: "staging",
  projectDir: "/projects/churn",
  requirements: "/opt/tollgate/requirements.txt",
};

const minimal = { tier: "staging", model: "churn-model" };

function resolve(changes: Record<string, unknown> = {}): Settings {
  return resolveSettings({ ...minimal, ...changes }, context);
}

/** What an environment is by default. */
const table = {
  dev: {
    trackingPort: 5000,
    scorerPort: 8080,
    experiment: "churn-model_dev",
    stage: "None",
    alias: "dev",
    replicas: 1,
    database: "sqlite",
    artifactStore: "folder",
    credentials: false,
    protect: false,
    logLevel: "DEBUG",
    sandbox: "preferred",
    level: "advisory",
    approvals: 0,
    reviewed: null,
    floors: null,
    latency: null,
  },
  staging: {
    trackingPort: 5001,
    scorerPort: 8000,
    experiment: "churn-model_staging",
    stage: "Staging",
    alias: "staging",
    replicas: 1,
    database: "postgres",
    artifactStore: "s3",
    credentials: true,
    protect: false,
    logLevel: "INFO",
    sandbox: "required",
    level: "mandatory",
    approvals: 0,
    reviewed: "main",
    floors: { accuracy: 0.9 },
    latency: 50,
  },
  prod: {
    trackingPort: 5002,
    scorerPort: 8001,
    experiment: "churn-model_prod",
    stage: "Production",
    alias: "production",
    replicas: 2,
    database: "postgres",
    artifactStore: "s3",
    credentials: true,
    protect: true,
    logLevel: "WARNING",
    sandbox: "required",
    level: "mandatory",
    approvals: 2,
    reviewed: "main",
    floors: { accuracy: 0.9, precision: 0.8, recall: 0.8, f1: 0.8 },
    latency: 50,
  },
} as const;

describe("resolveSettings", () => {
  for (const [tier, expected] of Object.entries(table)) {
    it(`gives ${tier} its defaults`, () => {
      const settings = resolve({ tier });
      const gate = (name: string) => settings.gates[name]!;
      const own = <T>(name: string, read: (settings: never) => T) =>
        gate(name).level === "disabled" ? null : read(gate(name).settings as never);
      assert.deepEqual(
        {
          trackingPort: settings.trackingServer.port,
          scorerPort: settings.scorer.port,
          experiment: settings.experiment,
          stage: settings.stage,
          alias: settings.alias,
          replicas: settings.scorer.replicas,
          database: settings.database.kind,
          artifactStore: settings.artifactStore.kind,
          credentials: settings.trackingServer.credentials !== null,
          protect: settings.protect,
          logLevel: settings.scorer.logLevel,
          sandbox: settings.scorer.sandbox,
          level: gate("digest-matches").level,
          reviewed: settings.reviewed,
          approvals: own("approvals", (given: { required: number }) => given.required),
          floors: own("metric-floor", (given: { floors: object }) => given.floors),
          latency: own("latency", (given: { p95Ms: number }) => given.p95Ms),
        },
        expected,
      );
    });
  }

  it("fills in everything that isn't written", () => {
    const settings = resolve();
    assert.deepEqual(
      { ...settings, gates: null },
      {
        stack: "staging",
        projectDir: "/projects/churn",
        stateDir: "/projects/churn/.tollgate/staging",
        tier: "staging",
        model: "churn-model",
        pin: null,
        pack: null,
        protect: false,
        signers: "/projects/churn/signers/staging.allowed_signers",
        reviewed: "main",
        revokedKeys: "/projects/churn/signers/revoked_keys",
        runtime: "local",
        experiment: "churn-model_staging",
        stage: "Staging",
        alias: "staging",
        trackingServer: {
          uri: "http://127.0.0.1:5001",
          managed: true,
          host: "127.0.0.1",
          port: 5001,
          caFile: null,
          tokenVariable: "MLFLOW_TRACKING_TOKEN",
          timeoutSeconds: 5,
          credentials: {
            passwordFile: "/projects/churn/.tollgate/staging/secrets/registry-password",
          },
        },
        database: { kind: "postgres", secret: null, size: "5Gi" },
        artifactStore: {
          kind: "s3",
          bucket: "tollgate-staging",
          secret: null,
          endpoint: null,
          size: "10Gi",
        },
        scorer: {
          host: "127.0.0.1",
          port: 8000,
          replicas: 1,
          logLevel: "INFO",
          startTimeoutSeconds: 60,
          answerSeconds: 120,
          captureRows: 0,
          sandbox: "required",
          memoryMiB: 4096,
        },
        train: null,
        evaluation: null,
        requirements: "/opt/tollgate/requirements.txt",
        gates: null,
        release: { watchSeconds: 3, warmSeconds: 1, maxErrorRate: 0.01, maxP95Ms: 200 },
        kubernetes: null,
      },
    );
  });

  describe("in a cluster", () => {
    const image = (name: string) => `registry.example.com/${name}@${digest}`;
    const images = {
      tollgate: image("tollgate"),
      postgres: image("postgres"),
      seaweedfs: image("seaweedfs"),
    };
    const inCluster = (changes: Record<string, unknown> = {}, more: object = {}) =>
      resolve({ runtime: "kubernetes", kubernetes: { images, ...more }, ...changes });

    it("needs the images alone, and fills in the rest", () => {
      const { kubernetes, trackingServer, scorer } = inCluster();
      const resources = { cpu: "500m", memory: "512Mi" };
      const small = { cpu: "250m", memory: "256Mi" };
      assert.deepEqual(kubernetes, {
        cluster: { kubeconfig: null, context: null, namespace: "churn-model-staging" },
        createNamespace: true,
        images,
        imagePullSecrets: [],
        rollout: "deployment",
        canarySteps: [25, 50],
        modelFrom: "registry",
        modelImage: null,
        service: { type: "ClusterIP", nodePort: null },
        ingress: null,
        gateway: null,
        resourceLevel: "requests",
        resources: {
          scorer: resources,
          trackingServer: { cpu: "500m", memory: "1Gi" },
          database: small,
          artifactStore: small,
        },
        autoscale: null,
        monitoring: "annotations",
        prometheus: null,
        storageClass: null,
        priorityClass: null,
      });
      assert.equal(trackingServer.uri, "http://tracking-server.churn-model-staging.svc:5001");
      assert.equal(scorer.startTimeoutSeconds, 180);
    });

    it("keeps what is written for a cluster out of the way on another runtime", () => {
      assert.equal(inCluster({ runtime: "local" }).kubernetes, null);
      assert.equal(inCluster({ runtime: "local" }).trackingServer.uri, "http://127.0.0.1:5001");
    });

    it("takes the kubeconfig from the project folder, and one resource beside its default", () => {
      const { kubernetes } = inCluster(
        {},
        { kubeconfig: "kube/config", resources: { scorer: { memory: "2Gi" } } },
      );
      assert.equal(kubernetes?.cluster.kubeconfig, "/projects/churn/kube/config");
      assert.deepEqual(kubernetes?.resources.scorer, { cpu: "500m", memory: "2Gi" });
    });

    it("scales by requests where they are named, and else by CPU", () => {
      const autoscale = { maxReplicas: 9 };
      assert.deepEqual(inCluster({}, { autoscale }).kubernetes?.autoscale, {
        maxReplicas: 9,
        cpuPercent: 70,
        requestsPerSecond: null,
      });
      const requests = { ...autoscale, requestsPerSecond: 50 };
      assert.deepEqual(inCluster({}, { autoscale: requests }).kubernetes?.autoscale, {
        maxReplicas: 9,
        cpuPercent: null,
        requestsPerSecond: 50,
      });
    });

    it("takes the names that registries have", () => {
      for (const model of [
        "Churn model (v2)",
        "Abwanderung, größere Kunden",
        "模型 7",
        "_a",
        "a+b",
      ]) {
        assert.equal(inCluster({ model }).model, model);
      }
    });

    it("makes a namespace of any model and stack that Kubernetes takes", () => {
      const name = fc.oneof(
        fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,90}$/),
        fc.stringMatching(/^[A-Za-zé模][A-Za-zé模 (),+_.-]{0,90}\)$/),
      );
      fc.assert(
        fc.property(name, (model) => {
          const namespace = inCluster({ model }).kubernetes!.cluster.namespace;
          assert.match(namespace, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        }),
      );
    });
  });

  it("takes a value as written before the tier's, 0 and the empty text too", () => {
    const settings = resolve({
      experimentSuffix: "",
      release: { watchSeconds: 0, maxErrorRate: 0 },
      scorer: { replicas: 3 },
    });
    assert.equal(settings.experiment, "churn-model");
    assert.equal(settings.release.watchSeconds, 0);
    assert.equal(settings.release.maxErrorRate, 0);
    assert.equal(settings.release.warmSeconds, 1);
    assert.equal(settings.scorer.replicas, 3);
  });

  it("reads a pin into model, version and digest", () => {
    assert.deepEqual(resolve({ pin: `12@${digest}` }).pin, {
      name: "churn-model",
      version: "12",
      digest,
    });
  });

  it("wants a password of the registry's clients as the stack says, and never of one kept elsewhere", () => {
    const of = (trackingServer: object, tier = "staging") =>
      resolve({ tier, trackingServer }).trackingServer.credentials;
    assert.equal(of({ credentials: "none" }), null);
    assert.notEqual(of({ credentials: "required" }, "dev"), null);
    assert.equal(of({ uri: "https://registry.example.com" }, "prod"), null);
  });

  it("takes a registry that is kept elsewhere", () => {
    const uri = "https://dagshub.com/me/churn.mlflow/";
    assert.deepEqual(resolve({ trackingServer: { uri, caFile: "ca.pem" } }).trackingServer, {
      uri: "https://dagshub.com/me/churn.mlflow",
      managed: false,
      host: "dagshub.com",
      port: 443,
      caFile: "/projects/churn/ca.pem",
      tokenVariable: "MLFLOW_TRACKING_TOKEN",
      timeoutSeconds: 5,
      credentials: null,
    });
  });

  it("reaches a server that listens on every address over loopback", () => {
    const uri = (host: string) => resolve({ trackingServer: { host } }).trackingServer.uri;
    assert.equal(uri("0.0.0.0"), "http://127.0.0.1:5001");
    assert.equal(uri("::1"), "http://[::1]:5001");
  });

  it("passes training parameters as texts and makes paths absolute", () => {
    const settings = resolve({
      train: {
        command: ["python", "train.py"],
        data: "d.csv",
        parameters: { depth: 3, fast: true },
      },
      python: { requirements: "requirements.txt" },
    });
    assert.deepEqual(settings.train, {
      command: ["python", "train.py"],
      data: "d.csv",
      dataVersion: null,
      parameters: { depth: "3", fast: "true" },
      timeoutSeconds: 3600,
    });
    assert.equal(settings.requirements, "/projects/churn/requirements.txt");
  });

  it("names a bucket that S3 allows for any stack", () => {
    const stack = `My_Stack.${"x".repeat(80)}-`;
    const { bucket } = resolveSettings(minimal, { ...context, stack }).artifactStore;
    assert.match(bucket, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
    assert.ok(bucket.startsWith("tollgate-my-stack-x"));
  });

  it("freezes all of it", () => {
    const settings = resolve({ train: { command: ["a"], data: "b" } });
    for (const part of [settings, settings.scorer, settings.train!.command, settings.gates]) {
      assert.ok(Object.isFrozen(part));
    }
    assert.ok(Object.isFrozen(settings.gates["metric-floor"]!.settings));
  });

  it("resolves any settings that are right, to what they say", () => {
    const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const port = fc.integer({ min: 1, max: 65535 });
    const raw = fc.record({
      tier: fc.constantFrom("dev", "staging", "prod"),
      model: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/),
      pin: optional(fc.nat().map((n) => `${n + 1}@${digest}`)),
      alias: optional(fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/)),
      scorer: optional(fc.record({ port, replicas: fc.integer({ min: 1, max: 16 }) })),
      release: optional(fc.record({ maxErrorRate: fc.double({ min: 0, max: 1, noNaN: true }) })),
      gates: optional(
        fc.record({
          level: fc.constantFrom("mandatory", "advisory", "disabled"),
          approvals: fc.record({ required: fc.integer({ min: 0, max: 20 }) }),
        }),
      ),
    });
    fc.assert(
      fc.property(raw, (value) => {
        fc.pre(value.scorer?.port !== 5000 && value.scorer?.port !== 5001);
        fc.pre(value.scorer?.port !== 5002);
        const settings = resolveSettings(value, context);
        if (value.scorer) assert.equal(settings.scorer.port, value.scorer.port);
        if (value.alias) assert.equal(settings.alias, value.alias);
        if (value.gates) assert.equal(settings.gates["smoke"]!.level, value.gates.level);
        const { name, version } = settings.pin ?? { name: value.model, version: undefined };
        assert.equal(name, value.model);
        assert.equal(version === undefined ? undefined : `${version}@${digest}`, value.pin);
      }),
    );
  });
});
