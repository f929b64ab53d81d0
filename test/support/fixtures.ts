import type { Settings } from "../../config/settings";
import { compliantEvidence, digestOf, pin } from "./evidence";

export { compliantEvidence, digestOf, pin };

export { candidate as compliantCandidate } from "../policies/fixtures";

/** Settings as a staging tier resolves them. */
export function stagingSettings(change: Partial<Settings> = {}): Settings {
  return {
    stack: "staging",
    projectDir: "/project",
    stateDir: "/project/.tollgate/staging",
    tier: "staging",
    model: "churn-model",
    pin,
    pack: null,
    signers: "/project/signers/staging.allowed_signers",
    revokedKeys: "/project/signers/revoked_keys",
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
      captureRows: 0,
    },
    train: null,
    evaluation: null,
    requirements: "/tollgate/serving/requirements.lock",
    gates: {},
    release: { watchSeconds: 3, warmSeconds: 1, maxErrorRate: 0.01, maxP95Ms: 200 },
    ...change,
  };
}
