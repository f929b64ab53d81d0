import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { type Deployment, type List, selectorQuery, type Service } from "./objects";

/**
 * Gives the Deployment of a release as many pods as the one that callers get now, where an autoscaler has made those
 * more than the settings ask for: traffic that needed ten pods is not moved to two. The autoscaler takes away later what
 * is too much.
 */
export async function scaleLikeBefore(
  cluster: Cluster,
  { spec: { selector } }: Service,
  { workload, selector: own }: ClusterReleaseInputs,
): Promise<void> {
  if (!selector || selectorQuery(selector) === selectorQuery(own)) return;
  const { namespace } = cluster.address;
  const autoscaler = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${workload.name}`;
  if (!(await cluster.find(autoscaler))) return;
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const { items } = await cluster.request<List<Deployment>>(
    "GET",
    `${deployments}?${selectorQuery(selector)}`,
  );
  const before = Math.max(0, ...items.map(({ spec }) => spec.replicas ?? 0));
  const now = await cluster.request<Deployment>("GET", `${deployments}/${workload.name}`);
  if ((now.spec.replicas ?? 0) >= before) return;
  await cluster.request("PATCH", `${deployments}/${workload.name}/scale`, {
    contentType: "application/merge-patch+json",
    body: { spec: { replicas: before } },
  });
}
