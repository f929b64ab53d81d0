import { externalSecrets } from "../../../backings";
import type { Cluster } from "../../../cluster/cluster";
import { ok, type Part, wrong } from "../../../toolchain/doctor-part";
import type { ClusterSettings } from "../../../config/settings";
import { labelsOf } from "../manifests/metadata";
import { keepsData } from "../manifests/owned";
import { notSeen } from "./not-seen";

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}
interface Namespace extends Stored {
  readonly status?: { readonly phase?: string };
}

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** The environment's namespace: there, or `up` will make it. */
export async function namespacePart(cluster: Cluster, settings: ClusterSettings): Promise<Part> {
  const { namespace: name } = cluster.address;
  const part = "namespace";
  const found = await cluster.find<Namespace>(`/api/v1/namespaces/${name}`);
  if (!found) {
    return settings.kubernetes.createNamespace
      ? ok(part, null, `${name}: \`up\` will make it`)
      : wrong(part, "missing", name, `kubectl create namespace ${name}`);
  }
  if (found.status?.phase === "Terminating") {
    const advice = "wait until it is gone, or choose another by tollgate:kubernetes.namespace";
    return wrong(part, "broken", `${name} is being deleted`, null, advice);
  }
  const owner = ownerOf(found);
  if (
    owner !== null &&
    owner !== ownerOf({ metadata: { name, labels: labelsOf(settings, name) } })
  ) {
    const advice = "give this stack one of its own by tollgate:kubernetes.namespace";
    return wrong(part, "broken", `${name} belongs to ${owner}`, null, advice);
  }
  return ok(part, null, name);
}

/** The stack that made an object; null for what none of ours made. */
function ownerOf({ metadata: { labels = {} } }: Stored): string | null {
  const stack = labels["tollgate.dev/stack"];
  return stack === undefined ? null : `stack ${stack} of ${labels["app.kubernetes.io/part-of"]}`;
}

/** Where volumes come from; null when these settings need none. */
export async function storagePart(
  cluster: Cluster,
  settings: ClusterSettings,
): Promise<Part | null> {
  const { storageClass } = settings.kubernetes;
  if (!keepsData(settings)) return null;
  const path = "/apis/storage.k8s.io/v1/storageclasses";
  const { items } = await cluster.request<{ items: Stored[] }>("GET", path);
  const names = items.map(({ metadata }) => metadata.name);
  const wanted =
    storageClass ??
    items.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true")?.metadata.name;
  const part = "storage class";
  if (wanted !== undefined && names.includes(wanted)) {
    return ok(part, null, storageClass === null ? `${wanted}, the cluster's default` : wanted);
  }
  const source = storageClass === null ? "the cluster has no default" : storageClass;
  const advice =
    names.length > 0
      ? `set tollgate:kubernetes.storageClass to ${oneOf(names)}`
      : "have a storage class installed, or keep database and artifacts elsewhere by tollgate:database.secret and tollgate:artifactStore.secret";
  return wrong(part, "missing", source, null, advice);
}

/** Objects of the cluster that settings name: each has to be there before. */
export function namedParts(cluster: Cluster, { kubernetes }: ClusterSettings): Promise<Part>[] {
  const { priorityClass, ingress, gateway } = kubernetes;
  const named = (part: string, name: string, path: string, setting: string) => {
    const advice = `have it made, or correct tollgate:kubernetes.${setting}`;
    return cluster
      .find(`${path}/${name}`)
      .then((found) => (found ? ok(part, null, name) : wrong(part, "missing", name, null, advice)))
      .catch(notSeen(part));
  };
  const parts: Promise<Part>[] = [];
  if (priorityClass !== null) {
    const path = "/apis/scheduling.k8s.io/v1/priorityclasses";
    parts.push(named("priority class", priorityClass, path, "priorityClass"));
  }
  if (ingress !== null && ingress.className !== null) {
    const path = "/apis/networking.k8s.io/v1/ingressclasses";
    parts.push(named("ingress class", ingress.className, path, "ingress.className"));
  }
  if (gateway !== null) {
    const namespace = gateway.namespace ?? cluster.address.namespace;
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways`;
    parts.push(named("Gateway", gateway.name, path, "gateway"));
  }
  return parts;
}

/** Secrets that somebody keeps and settings name, by name, with the keys they must have. */
export function secretsNeeded(settings: ClusterSettings): Map<string, readonly string[]> {
  const { kubernetes } = settings;
  const needed = new Map<string, readonly string[]>();
  const need = (name: string | null | undefined, ...keys: string[]) => {
    if (name) needed.set(name, [...(needed.get(name) ?? []), ...keys]);
  };
  for (const { name, keys } of externalSecrets(settings)) need(name, ...keys);
  need(kubernetes.ingress?.tlsSecret, "tls.crt", "tls.key");
  for (const name of kubernetes.imagePullSecrets) need(name, ".dockerconfigjson");
  return needed;
}

/** One Secret with the keys it must have. Its values are not looked at. */
export async function secretPart(
  cluster: Cluster,
  name: string,
  keys: readonly string[],
): Promise<Part> {
  const part = `Secret ${name}`;
  const { namespace } = cluster.address;
  const found = await cluster.find<{ data?: Record<string, string> }>(
    `/api/v1/namespaces/${namespace}/secrets/${name}`,
  );
  const absent = keys.filter((key) => found?.data?.[key] === undefined);
  if (found && absent.length === 0) return ok(part, null, keys.join(", "));
  const source = found ? `has no ${absent.join(" and no ")}` : `not in namespace ${namespace}`;
  const advice = `have it made there with ${keys.length > 1 ? "the keys" : "the key"} ${keys.join(" and ")}`;
  return wrong(part, "missing", source, null, advice);
}

function oneOf(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `one of ${names.join(", ")}`;
}
