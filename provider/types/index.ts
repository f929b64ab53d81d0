import type { ResourceTypes } from "../dispatch";
import { type ResourceToken, tokens } from "../../policies/resource-tokens";

/** Every resource type of the provider, a file each. */
export const resourceTypes = {
  [tokens.Admission]: async () => (await import("./admission")).admissionType,
  [tokens.ClusterReady]: async () => (await import("./cluster-ready")).clusterReadyType,
  [tokens.ClusterRelease]: async () => (await import("./cluster-release")).clusterReleaseType,
  [tokens.ClusterSecret]: async () => (await import("./cluster-secret")).clusterSecretType,
  [tokens.Credential]: async () => (await import("./credential")).credentialType,
  [tokens.Process]: async () => (await import("./process")).processType,
  [tokens.Receipt]: async () => (await import("./receipt")).receiptType,
  [tokens.ReleaseCheck]: async () => (await import("./release-check")).releaseCheckType,
  [tokens.Route]: async () => (await import("./route")).routeType,
  [tokens.StageAlias]: async () => (await import("./stage-alias")).stageAliasType,
} satisfies ResourceTypes & Record<ResourceToken, unknown>;
