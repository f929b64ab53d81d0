import { type Cluster, deleteIfThere } from "../../../cluster/cluster";
import type { ClusterSettings } from "../../../config/settings";
import { stackLabels } from "../manifests/metadata";
import { OperationError } from "../../errors";
import type { DataFate, Progress } from "../../operations";
import { withCluster } from "./with-cluster";

/** Longest wait for a namespace to be gone, in milliseconds. */
const deletionTimeoutMs = 120_000;
const pauseMs = 500;

interface Named {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** What outlives `destroy` in a cluster. */
export interface ClusterData {
  /** Null when it isn't there. */
  readonly namespace: string | null;
  /** Did this stack make the namespace? Then it goes with all that is in it. */
  readonly own: boolean;
  readonly volumes: readonly string[];
  readonly secrets: readonly string[];
  /** How many ConfigMaps with a receipt each. */
  readonly receipts: number;
}

/** What is left in the cluster, deleted when that was asked for. */
export function keptData(
  settings: ClusterSettings,
  deleted: boolean,
  begin: (what: string) => Progress,
): Promise<DataFate> {
  return withCluster(settings.kubernetes.cluster, async (cluster) => {
    const data = await clusterData(cluster, settings);
    const progress = begin("Deleting the data in the cluster");
    try {
      if (deleted) await deleteClusterData(cluster, data);
    } finally {
      progress.end();
    }
    const { namespace, own, volumes, secrets } = data;
    const each = [
      ...volumes.map((name) => `persistentvolumeclaim/${name}`),
      ...secrets.map((name) => `secret/${name}`),
    ];
    const whole = deleted && own ? [`namespace/${namespace}`] : each;
    return { places: namespace === null ? [] : whole, sentence: fateOf(data, deleted) };
  });
}

/** Looks for what is left of a stack. */
export async function clusterData(
  cluster: Cluster,
  settings: ClusterSettings,
): Promise<ClusterData> {
  const name = settings.kubernetes.cluster.namespace;
  const core = `/api/v1/namespaces/${name}`;
  const found = await cluster.find<Named>(core);
  if (!found) return { namespace: null, own: false, volumes: [], secrets: [], receipts: 0 };
  const list = async (kind: string, selector: string) => {
    const query = new URLSearchParams({ labelSelector: selector }).toString();
    const { items } = await cluster.request<{ items: Named[] }>("GET", `${core}/${kind}?${query}`);
    return items.map(({ metadata }) => metadata.name);
  };
  const ours = selectorOf(stackLabels(settings));
  const [volumes, secrets, receipts] = await Promise.all([
    list("persistentvolumeclaims", ours),
    list("secrets", ours),
    list("configmaps", "tollgate.dev/receipt,app.kubernetes.io/managed-by=tollgate"),
  ]);
  return {
    namespace: name,
    own: isOwn(found, settings),
    volumes,
    secrets,
    receipts: receipts.length,
  };
}

function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** Only a namespace that was made for this very stack may be deleted. */
function isOwn({ metadata }: Named, settings: ClusterSettings): boolean {
  return Object.entries(stackLabels(settings)).every(
    ([name, value]) => metadata.labels?.[name] === value,
  );
}

/**
 * Deletes what is left of a stack: its namespace, or in one that others made, its volumes and Secrets.
 *
 * @throws OperationError when the namespace is still there after two minutes
 */
export async function deleteClusterData(cluster: Cluster, data: ClusterData): Promise<void> {
  const { namespace, own, volumes, secrets } = data;
  if (namespace === null) return;
  const core = `/api/v1/namespaces/${namespace}`;
  if (!own) {
    const paths = [
      ...volumes.map((name) => `${core}/persistentvolumeclaims/${name}`),
      ...secrets.map((name) => `${core}/secrets/${name}`),
    ];
    for (const path of paths) await deleteIfThere(cluster, path);
    return;
  }
  await deleteIfThere(cluster, core);
  const deadline = Date.now() + deletionTimeoutMs;
  while (await cluster.find(core)) {
    if (Date.now() > deadline) {
      throw new OperationError(
        "still-there",
        `Namespace ${namespace} is being deleted and still there after ${deletionTimeoutMs / 1000} s: see with \`kubectl describe namespace ${namespace}\` what holds it.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** What became of it, as one sentence; null when nothing was there. */
export function fateOf(data: ClusterData, deleted: boolean): string | null {
  const { namespace, own, volumes, secrets, receipts } = data;
  if (namespace === null) return null;
  const listed = [
    ...(volumes.length > 0 ? [`volumes ${volumes.join(", ")}`] : []),
    ...(secrets.length > 0 ? [`Secrets ${secrets.join(", ")}`] : []),
  ];
  const kept = [
    ...listed,
    ...(receipts > 0 ? [`${receipts} receipt${receipts === 1 ? "" : "s"}`] : []),
  ];
  if (deleted && own) return `Deleted namespace ${namespace} with all that was in it.`;
  if (deleted) {
    const gone = listed.length > 0 ? `Deleted ${listed.join(" and ")}` : "Deleted nothing";
    return `${gone} in namespace ${namespace}, which isn't this stack's own and stays.`;
  }
  if (kept.length === 0) return null;
  return `Kept ${kept.join(" and ")} in namespace ${namespace}; --delete-data removes ${own ? "the namespace" : "volumes and Secrets"}.`;
}
