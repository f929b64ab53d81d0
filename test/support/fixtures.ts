import type {
  ClusterSettings,
  KubernetesSettings,
  LocalSettings,
  Settings,
} from "../../config/settings";
import { compliantEvidence, digestOf, pin } from "./evidence";

export { compliantEvidence, digestOf, pin };

export { candidate as compliantCandidate } from "../policies/fixtures";

/** Settings that don't belong to one runtime alone, as far as a spec says them. */
export type SettingsChange = Partial<Omit<Settings, "runtime" | "kubernetes">>;

/** Settings as a staging tier resolves them, on this machine. */
export function stagingSettings(change: SettingsChange = {}): LocalSettings {
  return {
    stack: "staging",
    projectDir: "/project",
    stateDir: "/project/.tollgate/staging",
    tier: "staging",
    model: "churn-model",
    pin,
    pack: null,
    reviewed: "main",
    signers: "/project/signers/staging.allowed_signers",
    revokedKeys: "/project/signers/revoked_keys",
    runtime: "local",
    protect: false,
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
      credentials: null,
    },
    database: { kind: "postgres", secret: null, size: "5Gi" },
    artifactStore: {
      kind: "s3",
      bucket: "churn-model-staging",
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
    requirements: "/tollgate/serving/requirements.lock",
    gates: {},
    release: { watchSeconds: 3, warmSeconds: 1, maxErrorRate: 0.01, maxP95Ms: 200 },
    kubernetes: null,
    ...change,
  };
}

/** The same in a cluster. */
export function clusterSettings(
  change: SettingsChange = {},
  kubernetes: Partial<KubernetesSettings> = {},
): ClusterSettings {
  const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;
  const resources = { cpu: "500m", memory: "512Mi" };
  const staging = stagingSettings();
  return {
    ...staging,
    runtime: "kubernetes",
    trackingServer: {
      ...staging.trackingServer,
      uri: "http://tracking-server.churn-model-staging.svc:5001",
      host: "tracking-server.churn-model-staging.svc",
    },
    kubernetes: {
      cluster: { kubeconfig: null, context: null, namespace: "churn-model-staging" },
      createNamespace: true,
      images: {
        tollgate: image("tollgate"),
        postgres: image("postgres"),
        seaweedfs: image("seaweedfs"),
      },
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
        trackingServer: resources,
        database: resources,
        artifactStore: resources,
      },
      autoscale: null,
      monitoring: "annotations",
      prometheus: null,
      storageClass: null,
      priorityClass: null,
      ...kubernetes,
    },
    ...change,
  };
}
