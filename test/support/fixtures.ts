import type { Settings } from "../../config/settings";
import type { Candidate } from "../../policies/gate";
import type { Evidence } from "../../registry/evidence";

/** A well-formed digest made of one repeated hex digit. */
export const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

export const pin = { name: "churn-model", version: "2", digest: digestOf("a") };

/** Evidence that every gate of every tier accepts. */
export function compliantEvidence(): Evidence {
  return {
    schema: "tollgate.evidence/1",
    model: { ...pin, sizeBytes: 1000 },
    task: "classification",
    metrics: { accuracy: 0.9125, precision: 0.92, recall: 0.91, f1: 0.915 },
    data: { path: "data/staging/eval.csv", digest: digestOf("b"), rows: 400 },
    signature: {
      inputs: [{ name: "f0", type: "double", required: true }],
      outputs: [{ name: "label", type: "long", required: true }],
    },
    latency: { p50Ms: 1.2, p95Ms: 2.5, p99Ms: 4, requests: 200, concurrency: 1 },
    smoke: { passed: true, detail: "3 rows, 3 finite predictions" },
    lineage: {
      runId: "0123456789abcdef",
      experiment: "churn-model_staging",
      gitCommit: "c".repeat(40),
      gitDirty: false,
      author: "mira@example.com",
      dataVersion: "dvc:v1",
      trainingDataDigest: digestOf("d"),
      parameters: { model: "gradient-boosting" },
    },
    evaluator: {
      version: "0.1.0",
      evaluatedAt: "2026-01-01T00:00:00Z",
      python: "3.11.7",
      platform: "linux",
    },
  };
}

export function compliantCandidate(): Candidate {
  return {
    stack: "staging",
    pin,
    evidence: compliantEvidence(),
    problem: null,
    registryDigest: pin.digest,
    approvals: [],
    override: null,
  };
}

/** Settings as a staging tier resolves them. */
export function stagingSettings(change: Partial<Settings> = {}): Settings {
  return {
    stack: "staging",
    projectDir: "/project",
    stateDir: "/project/.tollgate/staging",
    tier: "staging",
    model: "churn-model",
    pin,
    override: null,
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
    },
    database: { kind: "postgres" },
    artifactStore: { kind: "s3", bucket: "churn-model-staging" },
    scorer: {
      host: "127.0.0.1",
      port: 8000,
      replicas: 1,
      logLevel: "INFO",
      startTimeoutSeconds: 60,
    },
    train: null,
    evaluation: null,
    requirements: "/tollgate/serving/requirements.lock",
    gates: {},
    release: { watchSeconds: 3, warmSeconds: 1, maxErrorRate: 0.01, maxP95Ms: 200 },
    ...change,
  };
}
