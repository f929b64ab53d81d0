/** Names of the objects of an environment, the same in each namespace: the namespace keeps environments apart. */
export const names = {
  /** Deployment, Service, ServiceAccount and, where it is needed, volume of the MLflow server. */
  trackingServer: "tracking-server",
  /** StatefulSet and Service of PostgreSQL, and the Secret with its password and address. */
  database: "database",
  /** StatefulSet and Service of the S3 store, and the Secret with its keys. */
  artifactStore: "artifact-store",
  /** Service, PodDisruptionBudget, ServiceAccount, and the Rollout where Argo moves traffic. */
  scorer: "scorer",
  /** Service of the version that is being released, where Argo moves traffic. */
  preview: "scorer-preview",
} as const;

/** Ports that containers listen on; Services listen on those of the settings. */
export const ports = {
  trackingServer: 5000,
  database: 5432,
  artifactStore: 8333,
  scorer: 8000,
} as const;

/** Labels that choose the scorer's pods: of all versions, or of one release. */
export function scorerLabels(generation?: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": names.scorer,
    ...(generation === undefined ? {} : { "tollgate.dev/generation": generation }),
  };
}
