import type { ReleasePlace } from "../../config/settings";
import type { ReleaseSite } from "./site";

/** The site of a place; what a cluster needs is loaded only for one. */
export async function siteOf({ stateDir, cluster }: ReleasePlace): Promise<ReleaseSite> {
  if (cluster) {
    const { clusterSite } = await import("./cluster/site");
    return clusterSite(cluster);
  }
  const { localSite } = await import("./local-site");
  return localSite(stateDir);
}
