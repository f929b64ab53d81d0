import type { Cluster } from "../../../cluster/cluster";
import type { Pod } from "../../../cluster/pods";
import type { ClusterReleaseInputs } from "../../inputs";
import { type Service, workloadPath } from "./objects";
import { podsOf } from "./pods";
import { generationIn, hashLabel, selects } from "./selectors";

/**
 * Gives the workload of a release as many pods as callers have now, where an autoscaler has made those more than the
 * settings ask for: traffic that needed ten pods is not moved to two. The autoscaler takes away later what is too much.
 *
 * @param callers the Service; one that leads to the release's workload already says nothing of another
 */
export async function scaleLikeBefore(
  cluster: Cluster,
  callers: Service,
  { workload, selector: own }: ClusterReleaseInputs,
): Promise<void> {
  const { selector } = callers.spec;
  const { kind, name } = workload;
  const isThere = kind === "Rollout" ? generationIn(callers) === null : selects(callers, own);
  // KServe scales its own.
  if (kind === "InferenceService" || !selector || isThere) return;
  const { namespace } = cluster.address;
  const autoscalers = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
  if (!(await cluster.find(`${autoscalers}/${name}`))) return;
  const before = (await podsOf(cluster, selector)).filter((pod) => !isOf(pod, workload)).length;
  const at = workloadPath(cluster.address, kind, name);
  const { spec } = await cluster.request<{ spec: { replicas?: number } }>("GET", at);
  if ((spec.replicas ?? 0) >= before) return;
  // Not its subresource `scale`, which is a right of its own.
  await cluster.request("PATCH", `${at}?fieldManager=tollgate-release`, {
    contentType: "application/merge-patch+json",
    body: { spec: { replicas: before } },
  });
}

/** A Service over all scorers leads to the new ones already. */
function isOf({ metadata }: Pod, { kind, name }: ClusterReleaseInputs["workload"]): boolean {
  return kind === "Rollout"
    ? metadata.labels?.[hashLabel] !== undefined
    : metadata.name.startsWith(`${name}-`);
}
