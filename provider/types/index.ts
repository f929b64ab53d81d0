import type { ResourceTypes } from "../dispatch";

/** Every resource type of the provider, a file each. */
export const resourceTypes: ResourceTypes = {
  "tollgate:index:Admission": async () => (await import("./admission")).admissionType,
  "tollgate:index:ClusterReady": async () => (await import("./cluster-ready")).clusterReadyType,
  "tollgate:index:ClusterRelease": async () =>
    (await import("./cluster-release")).clusterReleaseType,
  "tollgate:index:ClusterSecret": async () => (await import("./cluster-secret")).clusterSecretType,
  "tollgate:index:Credential": async () => (await import("./credential")).credentialType,
  "tollgate:index:Process": async () => (await import("./process")).processType,
  "tollgate:index:Receipt": async () => (await import("./receipt")).receiptType,
  "tollgate:index:ReleaseCheck": async () => (await import("./release-check")).releaseCheckType,
  "tollgate:index:Route": async () => (await import("./route")).routeType,
  "tollgate:index:StageAlias": async () => (await import("./stage-alias")).stageAliasType,
};
