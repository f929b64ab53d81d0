import type { ClusterAddress } from "./address";
import { deleteIfThere } from "./cluster";
import { connectCluster } from "./connect";

/** What an object says of itself. */
interface ObjectFacts {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly labels?: Record<string, string> };
}

/**
 * Removes an object of a stack's namespace, if it is ours by its label. One that is gone already is fine.
 *
 * @param declared its `apiVersion`, `kind` and `metadata.name`, as a program declared it
 * @returns what was removed, such as `Deployment scorer-1f2e3d4c`; null when there was nothing to remove
 */
export async function removeOwnObject(
  address: ClusterAddress,
  declared: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const { apiVersion, kind, metadata } = declared as ObjectFacts;
  const name = metadata?.name;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
    return null;
  }
  const cluster = await connectCluster(address);
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await cluster.request<{
    resources: { name: string; kind: string; namespaced: boolean }[];
  }>("GET", group);
  const found = resources.find((each) => each.kind === kind && !each.name.includes("/"));
  if (!found?.namespaced) return null;
  const path = `${group}/namespaces/${address.namespace}/${found.name}/${name}`;
  const living = await cluster.find<ObjectFacts>(path);
  if (living?.metadata?.labels?.["app.kubernetes.io/managed-by"] !== "tollgate") return null;
  return (await deleteIfThere(cluster, path)) ? `${kind} ${name}` : null;
}
