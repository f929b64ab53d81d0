/** Every type token of the provider begins so. */
export const tokenPrefix = "tollgate:index:";

/**
 * Type tokens of the provider's resources, by class. Recorded states of users hold them: under another token the engine
 * would delete what is there and make it anew.
 */
export const tokens = {
  Admission: token("Admission"),
  ClusterReady: token("ClusterReady"),
  ClusterRelease: token("ClusterRelease"),
  ClusterSecret: token("ClusterSecret"),
  Credential: token("Credential"),
  Process: token("Process"),
  Receipt: token("Receipt"),
  ReleaseCheck: token("ReleaseCheck"),
  Route: token("Route"),
  StageAlias: token("StageAlias"),
} as const;

/** The provider's one function, which answers that it has started. */
export const readyToken = `${tokenPrefix}ready`;

export type ResourceToken = (typeof tokens)[keyof typeof tokens];

function token<N extends string>(name: N): `${typeof tokenPrefix}${N}` {
  return `${tokenPrefix}${name}`;
}
