import type { ClusterAddress } from "../../../cluster/address";
import type { Cluster } from "../../../cluster/cluster";
import type { ReleaseSite, Restored } from "../site";
import { ScorerRollout } from "./rollout";
import { annotations, type ClusterTraffic, journalIn, ScorerService, trafficOf } from "./service";

/** Name of the Service that callers use, in every environment. */
const serviceName = "scorer";

/** The scorer's Service in a cluster: it holds the journal and, unless Argo does it, moves the traffic. */
export async function clusterSite(address: ClusterAddress): Promise<ReleaseSite> {
  const { connectCluster } = await import("../../../cluster/connect");
  return siteIn(await connectCluster(address));
}

/** The same with a cluster at hand. */
export function siteIn(cluster: Cluster): ReleaseSite {
  const service = new ScorerService(cluster, serviceName);
  return {
    async served() {
      const seen = await service.find();
      const traffic = journalIn(seen)?.previous ?? (seen && trafficOf(seen));
      const { selector = null, version = null, digest = null } = traffic ?? {};
      return selector && version !== null && digest !== null ? { version, digest } : null;
    },
    journal: () => service.journal(),
    recordMark: (mark) => service.recordMark(mark),
    async restoreTraffic(): Promise<Restored> {
      const { previous, rollout, held } = (await service.journal())!;
      const served = servedBy(previous);
      try {
        if (rollout && previous.stable)
          await new ScorerRollout(cluster, rollout).putBack(previous.stable);
        await service.revise(() => ({
          ...(rollout ? {} : { selector: previous.selector }),
          annotations: {
            [annotations.version]: previous.version,
            [annotations.digest]: previous.digest,
          },
        }));
        // With the old selector in place first, or Argo would add its own label to ours, and no pod has both.
        if (held) await new ScorerRollout(cluster, held).letGo();
        return { served, problem: null };
      } catch (error) {
        return {
          served,
          problem: `the traffic could not be put back: ${(error as Error).message}`,
        };
      }
    },
    clear: () => service.clearJournal(),
    close: () => service.clearJournal(),
  };
}

/** What callers get by the Service before a release. */
function servedBy({ selector, version, stable }: ClusterTraffic): string {
  if (!selector && !stable)
    return "callers get no answer as before, for no version was released here";
  return version ? `callers get version ${version} as before` : "callers get what they got before";
}
