import { tiers } from "./tiers";

/** What a setting is where a stack's file doesn't say it and its tier has no column for it. */
export const defaults = {
  runtime: "local",
  revokedKeys: "signers/revoked_keys",
  trackingServer: { tokenVariable: "MLFLOW_TRACKING_TOKEN", timeoutSeconds: 5 },
  database: { size: "5Gi" },
  artifactStore: { size: "10Gi" },
  scorer: {
    startTimeoutSeconds: 60,
    // A node may have to get the image first.
    startTimeoutSecondsInCluster: 180,
    answerSeconds: 120,
    captureRows: 0,
    // Python, MLflow and a library take a quarter of one GiB; the rest is for the model and what it is asked.
    memoryMiB: 4096,
  },
  train: { timeoutSeconds: 3600 },
  evaluation: { maxRows: 200_000 },
  release: { maxErrorRate: 0.01, maxP95Ms: 200 },
  kubernetes: {
    createNamespace: true,
    rollout: "deployment",
    canarySteps: [25, 50],
    modelFrom: "registry",
    serviceType: "ClusterIP",
    cpuPercent: 70,
    monitoring: "annotations",
  },
} as const;

/** Allowed-signers file of a stack that names none, from the project folder. */
export function signersFile(stack: string): string {
  return `signers/${stack}.allowed_signers`;
}

/** What a column of the tiers gives, in words such as `required in staging and prod, preferred in dev`, in the order of the tiers. */
export function byTier(setting: "credentials" | "sandbox" | "reviewed" | "protect"): string {
  const tiersOf = new Map<string, string[]>();
  for (const [tier, column] of Object.entries(tiers)) {
    const value = setting === "credentials" ? column.registryCredentials : column[setting];
    const word = value === null ? "none" : String(value);
    tiersOf.set(word, [...(tiersOf.get(word) ?? []), tier]);
  }
  return [...tiersOf].map(([word, names]) => `${word} in ${names.join(" and ")}`).join(", ");
}
