import type { ClusterSettings } from "../../../config/settings";
import { expectedWorkloads } from "./status";
import { withCluster } from "./with-cluster";
import { containersOf, type Workload } from "./workloads";

/** Variables of one container that nobody declared. */
export interface Added {
  readonly container: string;
  readonly initial: boolean;
  readonly names: readonly string[];
}

/**
 * Takes away the variables that were added by hand to the Deployment of the pinned version. The engine wouldn't: with
 * server-side apply a field belongs to whoever set it, and what nobody declares is left alone.
 *
 * @returns a sentence for each container that had any
 */
export async function removeAdded(settings: ClusterSettings): Promise<string[]> {
  const wanted = (await expectedWorkloads(settings)).filter(({ kind }) => kind === "Deployment");
  return withCluster(settings.kubernetes.cluster, async (cluster) => {
    const removed: string[] = [];
    for (const workload of wanted) {
      const { name } = workload.metadata;
      const path = `/apis/apps/v1/namespaces/${cluster.address.namespace}/deployments/${name}`;
      const live = await cluster.find<Workload>(path);
      const added = live ? addedVariables(live, workload) : [];
      if (added.length === 0) continue;
      await cluster.request("PATCH", `${path}?fieldManager=tollgate-release`, {
        contentType: "application/strategic-merge-patch+json",
        body: withoutAdded(added),
      });
      removed.push(
        ...added.map(
          ({ container, names }) =>
            `Taking ${names.join(", ")} away from container ${container} of Deployment ${name}: set by hand.`,
        ),
      );
    }
    return removed;
  });
}

/** By name: a variable that was changed is the engine's to put right. */
export function addedVariables(live: Workload, wanted: Workload): Added[] {
  const initial = new Set(live.spec.template?.spec?.initContainers?.map(({ name }) => name));
  const declared = new Map(containersOf(wanted).map((each) => [each.name, each.env ?? []]));
  return containersOf(live).flatMap(({ name: container, env = [] }) => {
    const known = declared.get(container);
    // One that somebody put beside ours may be a mesh's or a secret agent's.
    if (!known) return [];
    const names = env
      .map(({ name }) => name)
      .filter((name) => !known.some((each) => each.name === name))
      .sort();
    return names.length > 0 ? [{ container, initial: initial.has(container), names }] : [];
  });
}

function withoutAdded(added: readonly Added[]) {
  const containers = (initial: boolean) =>
    added
      .filter((each) => each.initial === initial)
      .map(({ container, names }) => ({
        name: container,
        env: names.map((name) => ({ name, $patch: "delete" })),
      }));
  const [main, before] = [containers(false), containers(true)];
  const spec = {
    ...(main.length > 0 && { containers: main }),
    ...(before.length > 0 && { initContainers: before }),
  };
  return { spec: { template: { spec } } };
}
