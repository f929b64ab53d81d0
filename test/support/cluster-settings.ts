import fc from "fast-check";
import { resolveSettings } from "../../config/resolve";
import type { ClusterSettings } from "../../config/settings";

/**
 * Any settings of an environment in a cluster, as a stack's file can say them: made by writing a file's content and
 * resolving it, so that nothing comes out that no file could mean.
 */
export function anyClusterSettings(): fc.Arbitrary<ClusterSettings> {
  return anyRawSettings().chain((raw) =>
    anyStack.map((stack) => {
      const place = { stack, projectDir: "/project", requirements: "/requirements.lock" };
      return resolveSettings(raw, place) as ClusterSettings;
    }),
  );
}

const image = fc
  .tuple(
    fc.constantFrom("tollgate", "registry.example.com:5000/team/tollgate", "localhost/a.b/c_d"),
    fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 }),
  )
  .map(([name, digits]) => `${name}@sha256:${digits.join("")}`);

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const hostName = fc.constantFrom("churn.example.com", "models.internal.example.com");
const resources = fc.record(
  {
    cpu: fc.constantFrom("100m", "1", "250m", "12"),
    memory: fc.constantFrom("64Mi", "512Mi", "2Gi", "1G", "128000000"),
  },
  { requiredKeys: [] },
);
const volume = fc.constantFrom("1Gi", "20Gi", "500Mi", "1Ti");

const anyStack = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/);
const anyModel = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}$/),
  fc.constantFrom("churn-model", "Fraud.Model_2", "1", "a--b..c__d"),
);
const anyPin = fc
  .tuple(
    fc.integer({ min: 1, max: 100_000 }),
    fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 }),
  )
  .map(([version, digits]) => `${version}@sha256:${digits.join("")}`);

function anyRawSettings(): fc.Arbitrary<Record<string, unknown>> {
  const settings = fc.record(
    {
      tier: fc.constantFrom("dev", "staging", "prod"),
      model: anyModel,
      runtime: fc.constant("kubernetes"),
      kubernetes: anyKubernetes(),
      pin: anyPin,
      trackingServer: fc.oneof(
        fc.constant({ uri: "https://registry.example.com" }),
        fc.constant({ uri: "http://mlflow.models.svc:8080" }),
        fc.integer({ min: 1, max: 999 }).map((port) => ({ port })),
      ),
      database: fc.record(
        { kind: fc.constantFrom("sqlite", "postgres"), secret: label, size: volume },
        { requiredKeys: [] },
      ),
      artifactStore: fc.record(
        {
          kind: fc.constantFrom("folder", "s3"),
          bucket: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
          secret: label,
          endpoint: fc.constantFrom("https://s3.example.com", "http://minio.store.svc:9000"),
          size: volume,
        },
        { requiredKeys: [] },
      ),
      scorer: fc.record(
        {
          port: fc.integer({ min: 1000, max: 65_535 }),
          replicas: fc.integer({ min: 1, max: 16 }),
          logLevel: fc.constantFrom("DEBUG", "INFO", "WARNING", "ERROR"),
          startTimeoutSeconds: fc.integer({ min: 1, max: 3600 }),
          answerSeconds: fc.integer({ min: 1, max: 3600 }),
          captureRows: fc.integer({ min: 0, max: 100_000 }),
          sandbox: fc.constantFrom("required", "preferred", "off"),
        },
        { requiredKeys: [] },
      ),
      release: fc.record(
        {
          watchSeconds: fc.integer({ min: 0, max: 600 }),
          warmSeconds: fc.integer({ min: 0, max: 600 }),
          maxErrorRate: fc.double({ min: 0, max: 1, noNaN: true }),
          maxP95Ms: fc.double({ min: 0.5, max: 60_000, noNaN: true }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ["tier", "model", "runtime", "kubernetes"] },
  );
  // Ports of the two servers must differ; the ranges above do, but for a tier's own tracking port.
  return settings.filter((raw) => !samePorts(raw));
}

/** Ports that a tier gives to the MLflow server. */
const trackingPorts = [5000, 5001, 5002];

function samePorts({ scorer }: { scorer?: { port?: number } }): boolean {
  return scorer?.port !== undefined && trackingPorts.includes(scorer.port);
}

function anyKubernetes(): fc.Arbitrary<Record<string, unknown>> {
  const images = fc.record({ tollgate: image, postgres: image, seaweedfs: image });
  const written = fc.record(
    {
      images,
      context: fc.constantFrom("kind", "arn:aws:eks:eu-central-1:1:cluster/models"),
      namespace: label,
      createNamespace: fc.boolean(),
      imagePullSecrets: fc.uniqueArray(label, { maxLength: 2 }),
      rollout: fc.constantFrom("deployment", "blueGreen", "canary"),
      canarySteps: fc
        .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 4 })
        .map((steps) => steps.sort((a, b) => a - b)),
      modelFrom: fc.constantFrom("registry", "image", "kserve"),
      modelImage: image,
      service: fc.oneof(
        fc.constant({ type: "ClusterIP" }),
        fc.constant({ type: "LoadBalancer" }),
        fc
          .integer({ min: 30_000, max: 32_767 })
          .map((nodePort) => ({ type: "NodePort", nodePort })),
      ),
      ingress: fc.record(
        { host: hostName, className: label, tlsSecret: label },
        { requiredKeys: ["host"] },
      ),
      gateway: fc.record(
        { host: hostName, name: label, namespace: label },
        { requiredKeys: ["host", "name"] },
      ),
      resources: fc.record(
        {
          scorer: resources,
          trackingServer: resources,
          database: resources,
          artifactStore: resources,
        },
        { requiredKeys: [] },
      ),
      autoscale: fc.record(
        {
          maxReplicas: fc.integer({ min: 16, max: 1000 }),
          cpuPercent: fc.integer({ min: 1, max: 100 }),
          requestsPerSecond: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
        },
        { requiredKeys: ["maxReplicas"] },
      ),
      monitoring: fc.constantFrom("annotations", "operator"),
      prometheus: fc.constantFrom("http://prometheus.monitoring.svc:9090", "https://p.example.com"),
      storageClass: label,
      priorityClass: label,
    },
    { requiredKeys: ["images"] },
  );
  return written.map((all) => {
    // An image with the model in it must be named where it is asked for.
    const modelImage = all.modelImage ?? all.images.tollgate;
    if (all.modelFrom === "image") return { ...all, modelImage };
    if (all.modelFrom !== "kserve") return all;
    const { maxReplicas, cpuPercent } = all.autoscale ?? {};
    return {
      ...all,
      rollout: "deployment",
      ...(maxReplicas && { autoscale: { maxReplicas, ...(cpuPercent && { cpuPercent }) } }),
    };
  });
}
