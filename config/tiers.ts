import type { Tier } from "../policies/gate";

/**
 * What an environment is by default, by tier. A stack names its tier in `tollgate:tier`; every single
 * value can be overridden in `Pulumi.<stack>.yaml`. Nothing in the code compares stack names or tiers:
 * the differences between environments are these fields. What a tier gives to a gate, the gate says.
 *
 * Sources: the port, stage and log-level columns follow the "key differences by environment" table of
 * the deploy-code-not-models guide.
 */
export interface TierDefaults {
  trackingPort: number;
  scorerPort: number;
  /** Appended to the experiment name, so that runs of two environments can't be mistaken. */
  experimentSuffix: string;
  /** Legacy MLflow stage that older clients load by; `None` sets no stage. */
  stage: "None" | "Staging" | "Production";
  /** MLflow alias that marks the pinned version. */
  alias: string;
  replicas: number;
  database: "sqlite" | "postgres";
  artifactStore: "folder" | "s3";
  /** Does this environment's own registry want a password of its clients? */
  registryCredentials: "required" | "none";
  /** Is the stack's name wanted before its data is deleted? */
  protect: boolean;
  /** In a cluster: do containers ask for nothing, for something, or are they held to it as well? */
  resourceLevel: "none" | "requests" | "limits";
  logLevel: "DEBUG" | "INFO" | "WARNING" | "ERROR";
  /** Does a scorer start on a host that has no sandbox for it? */
  sandbox: "required" | "preferred";
  /** Branch whose commits count as reviewed; null: none has to. */
  reviewed: string | null;
  /** How long new traffic is watched before the stage moves, in seconds. */
  watchSeconds: number;
  /** How long the old scorer is kept after the switch, in seconds. */
  warmSeconds: number;
}

export const tiers = {
  dev: {
    trackingPort: 5000,
    scorerPort: 8080,
    experimentSuffix: "_dev",
    stage: "None",
    alias: "dev",
    replicas: 1,
    database: "sqlite",
    artifactStore: "folder",
    registryCredentials: "none",
    protect: false,
    resourceLevel: "none",
    logLevel: "DEBUG",
    sandbox: "preferred",
    reviewed: null,
    watchSeconds: 0,
    warmSeconds: 0,
  },
  staging: {
    trackingPort: 5001,
    scorerPort: 8000,
    experimentSuffix: "_staging",
    stage: "Staging",
    alias: "staging",
    replicas: 1,
    database: "postgres",
    artifactStore: "s3",
    registryCredentials: "required",
    protect: false,
    resourceLevel: "requests",
    logLevel: "INFO",
    sandbox: "required",
    reviewed: "main",
    watchSeconds: 3,
    warmSeconds: 1,
  },
  prod: {
    trackingPort: 5002,
    scorerPort: 8001,
    experimentSuffix: "_prod",
    stage: "Production",
    alias: "production",
    replicas: 2,
    database: "postgres",
    artifactStore: "s3",
    registryCredentials: "required",
    protect: true,
    resourceLevel: "limits",
    logLevel: "WARNING",
    sandbox: "required",
    reviewed: "main",
    watchSeconds: 5,
    warmSeconds: 2,
  },
} as const satisfies Record<Tier, TierDefaults>;
