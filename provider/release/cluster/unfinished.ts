import { connectCluster } from "../../../cluster/connect";
import type { ClusterReleaseInputs } from "../../inputs";
import { isReleased } from "./release";
import { ScorerRollout } from "./rollout";
import { selectorForArgo, selects } from "./selectors";
import { ScorerService, trafficOf } from "./service";
import { isUp } from "./workload";

/** Service or Rollout were changed by hand, a release was cut off before its receipt, or its pods aren't all there. */
export async function isUnfinished(inputs: ClusterReleaseInputs): Promise<boolean> {
  const cluster = await connectCluster(inputs.cluster);
  const service = new ScorerService(cluster, inputs.service);
  const seen = await service.find();
  if (!seen || (await service.journal())) return true;
  if (!isReleased(seen, inputs)) return true;
  const { kind, name } = inputs.workload;
  if (kind === "Rollout") {
    if (!selects(seen, selectorForArgo(seen, inputs))) return true;
    return !(await new ScorerRollout(cluster, name).runs(inputs));
  }
  if (!selects(seen, inputs.selector)) return true;
  return kind === "Deployment" && !(await isUp(cluster, inputs));
}

/** What is released by the Service; null when there is none. */
export async function readReleased(
  recorded: ClusterReleaseInputs,
): Promise<ClusterReleaseInputs | null> {
  const seen = await new ScorerService(
    await connectCluster(recorded.cluster),
    recorded.service,
  ).find();
  if (!seen) return null;
  const { version, digest, selector } = trafficOf(seen);
  const moved = recorded.workload.kind === "Rollout" ? recorded.selector : (selector ?? {});
  return {
    ...recorded,
    version: version ?? "",
    digest: digest ?? "",
    selector: { ...moved },
  };
}
