import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { podsOf } from "./pods";
import { ScorerService } from "./service";
import { pause } from "../cancellation";

const pauseMs = 500;

/**
 * Waits until callers meet no pod of a release that Argo Rollouts has ended. A canary's pods go only when all of the old
 * ones are back, which takes as long as they take to start.
 *
 * @returns false when they are still there after `startTimeoutSeconds`
 */
export async function retreated(
  cluster: Cluster,
  { service, selector, startTimeoutSeconds }: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<boolean> {
  const callers = new ScorerService(cluster, service);
  const deadline = Date.now() + startTimeoutSeconds * 1000;
  for (;;) {
    const { spec } = await callers.get();
    if ((await podsOf(cluster, { ...spec.selector, ...selector })).length === 0) return true;
    if (Date.now() > deadline) return false;
    await pause(pauseMs, signal);
  }
}
