import { ClusterError, type Cluster } from "../../../cluster/cluster";
import { kubeconfigFiles } from "../../../cluster/kubeconfig";
import { ok, type Part, wrong } from "../../../toolchain/doctor-part";
import { pluginPart } from "../../../toolchain/plugins/doctor";
import { KUBERNETES } from "../../../toolchain/plugins/plugin";
import type { ClusterSettings } from "../../../config/settings";
import { apiParts } from "./apis";
import { namedParts, namespacePart, secretPart, secretsNeeded, storagePart } from "./objects";
import { notSeen } from "./not-seen";
import { rightsNeeded, rightsPart } from "./rights";

/** Oldest minor version of Kubernetes 1 that has everything the manifests use. */
const OLDEST_MINOR = 30;

export interface DiagnoseOptions {
  /** The way to the cluster. Throws a ClusterError without a kubeconfig or a context. */
  readonly connect: () => Promise<Cluster & { readonly context?: string }>;
  /** What the engine runs in: where its plugins are, and which kubeconfig is used. */
  readonly environment: NodeJS.ProcessEnv;
  /** The command that gets the plugin. */
  readonly fix: string;
}

/**
 * Looks at everything that `up` will need of a cluster. Makes nothing there: it asks which rights the caller has,
 * which APIs there are, and for the objects that settings name. A cluster that doesn't answer ends the list.
 */
export async function diagnoseCluster(
  settings: ClusterSettings,
  { connect, environment, fix }: DiagnoseOptions,
): Promise<Part[]> {
  const parts = [pluginPart(KUBERNETES, environment, fix)];
  let part = "kubeconfig";
  try {
    const cluster = await connect();
    const files = kubeconfigFiles(cluster.address, environment).join(", ");
    parts.push(ok(part, cluster.context ?? null, files));
    part = "API server";
    parts.push(await serverPart(cluster), ...(await partsWithin(cluster, settings)));
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    parts.push(wrong(part, "broken", error.message, null));
  }
  return parts;
}

async function serverPart(cluster: Cluster): Promise<Part> {
  const part = "API server";
  const { gitVersion } = await cluster.request<{ gitVersion: string }>("GET", "/version");
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const version = gitVersion.replace(/^v/, "");
  if (Number(major) > 1 || Number(minor) >= OLDEST_MINOR) return ok(part, version, cluster.server);
  const advice = `use a cluster of Kubernetes 1.${OLDEST_MINOR} or newer`;
  return { ...wrong(part, "too-old", cluster.server, null, advice), version };
}

/** Looked at all together: a cluster far away answers each within the time of one. */
async function partsWithin(cluster: Cluster, settings: ClusterSettings): Promise<Part[]> {
  const secrets = [...secretsNeeded(settings)].map(([name, keys]) =>
    secretPart(cluster, name, keys).catch(notSeen(`Secret ${name}`)),
  );
  const [namespace, rights, storage, apis, ...more] = await Promise.all([
    namespacePart(cluster, settings).catch(notSeen("namespace")),
    rightsPart(cluster, rightsNeeded(settings)).catch(notSeen("permissions")),
    storagePart(cluster, settings).catch(notSeen("storage class")),
    apiParts(cluster, settings.kubernetes),
    ...namedParts(cluster, settings),
    ...secrets,
  ]);
  return [namespace, rights, ...(storage ? [storage] : []), ...apis, ...more];
}
