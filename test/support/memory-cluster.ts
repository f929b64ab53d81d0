import { type Cluster, ClusterError } from "../../cluster/cluster";

interface StoredObject {
  metadata: { name: string; resourceVersion?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

/**
 * A cluster as an object store: lists by label, merge and JSON patches, resource versions. It has no controllers: a spec
 * writes what those would. The specs below test/cluster/ use a real one.
 */
export class MemoryCluster implements Cluster {
  readonly address = { kubeconfig: null, context: null, namespace: "shop" };
  readonly server = "https://cluster.example.com";
  readonly objects = new Map<string, StoredObject>();
  /** Logs by `<pod>/<container>`. */
  readonly logTexts = new Map<string, string>();
  /** Requests that changed something, such as `PATCH /api/v1/…`. */
  readonly changes: string[] = [];
  private version = 0;

  put(path: string, object: StoredObject): void {
    this.objects.set(path, { ...object, metadata: { ...object.metadata, ...this.stamp() } });
  }

  find<T>(path: string): Promise<T | null> {
    return Promise.resolve((this.objects.get(path.split("?")[0]!) as T | undefined) ?? null);
  }

  async request<T>(
    method: string,
    pathAndQuery: string,
    options: { body?: unknown; contentType?: string } = {},
  ): Promise<T> {
    const [path, query] = pathAndQuery.split("?") as [string, string?];
    if (method !== "GET") this.changes.push(`${method} ${path}`);
    switch (method) {
      case "GET":
        return (this.objects.get(path) ?? this.list(path, query)) as T;
      case "POST":
        return this.create(path, options.body as StoredObject) as T;
      case "PATCH":
        return this.patch(path, options) as T;
      default:
        this.objects.delete(path);
        return undefined as T;
    }
  }

  tunnel(): Promise<never> {
    return Promise.reject(new ClusterError("unavailable", "There is no way into this cluster."));
  }

  logs(pod: string, container: string): Promise<string> {
    return Promise.resolve(this.logTexts.get(`${pod}/${container}`) ?? "");
  }

  private stamp() {
    return { resourceVersion: String(++this.version) };
  }

  private list(path: string, query = "") {
    if (!/s$/.test(path)) throw new ClusterError("not-found", `${path} is not there.`);
    const wanted = (new URLSearchParams(query).get("labelSelector") ?? "")
      .split(",")
      .filter((each) => each !== "")
      .map((each) => each.split("="));
    const items = [...this.objects]
      .filter(([key]) => key.startsWith(`${path}/`))
      .map(([, object]) => object)
      .filter(({ metadata }) =>
        wanted.every(([key, value]) => {
          const label = metadata.labels?.[key!];
          return value === undefined ? label !== undefined : label === value;
        }),
      );
    return { items };
  }

  private create(path: string, object: StoredObject): StoredObject {
    const key = `${path}/${object.metadata.name}`;
    if (this.objects.has(key)) throw new ClusterError("conflict", `${key} is there already.`);
    this.put(key, object);
    return this.objects.get(key)!;
  }

  private patch(path: string, { body, contentType }: { body?: unknown; contentType?: string }) {
    const before = this.objects.get(path);
    if (!before) throw new ClusterError("not-found", `${path} is not there.`);
    if (contentType === "application/json-patch+json") {
      const after = structuredClone(before);
      for (const { path: at, value } of body as { path: string; value: unknown }[]) {
        const keys = at.split("/").slice(1);
        const last = keys.pop()!;
        const holder = keys.reduce<Record<string, unknown>>(
          (object, key) => object[key] as Record<string, unknown>,
          after,
        );
        holder[last] = value;
      }
      this.put(path, after);
    } else {
      const wanted = (body as StoredObject).metadata?.resourceVersion;
      if (wanted !== undefined && wanted !== before.metadata.resourceVersion) {
        throw new ClusterError("conflict", `${path} was changed by somebody else.`);
      }
      this.put(path, merged(before, body) as StoredObject);
    }
    return this.objects.get(path)!;
  }
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = {
    ...(typeof target === "object" && target !== null ? target : {}),
  };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
