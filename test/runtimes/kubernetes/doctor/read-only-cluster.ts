import { type Cluster, ClusterError } from "../../../../cluster/cluster";
import type { Right } from "../../../../runtimes/kubernetes/doctor/rights";

/** What a cluster in memory holds, by path: an object, or why it can't be had. A path that isn't here isn't there. */
export type Contents = Record<string, object | ClusterError["code"]>;

interface Review {
  readonly spec: {
    readonly resourceAttributes: {
      readonly namespace?: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly verb: string;
    };
  };
}

/** A cluster that reads from memory, allows what `allows` says, and refuses to change anything. */
export function readOnlyCluster(
  contents: Contents,
  allows: (right: Right) => boolean = () => true,
): Cluster & { readonly context: string } {
  const cluster: Cluster & { readonly context: string } = {
    address: {
      kubeconfig: "/home/ada/.kube/shop",
      context: null,
      namespace: "churn-model-staging",
    },
    server: "https://shop.example.com:6443",
    context: "shop",
    async request<T>(...[method, path, options]: Parameters<Cluster["request"]>): Promise<T> {
      await Promise.resolve();
      if (method === "POST" && path.endsWith("/selfsubjectaccessreviews")) {
        return { status: { allowed: allows(rightOf(options?.body as Review)) } } as T;
      }
      if (method !== "GET") throw new Error(`${method} ${path} would change something`);
      const found = contents[path] ?? "not-found";
      if (typeof found === "string") throw new ClusterError(found, `${path}: ${found}`);
      return found as T;
    },
    async find<T>(path: string): Promise<T | null> {
      return contents[path] === undefined ? null : cluster.request<T>("GET", path);
    },
    tunnel: () => Promise.reject(new Error("must not be opened")),
    logs: () => Promise.reject(new Error("must not be read")),
  };
  return cluster;
}

function rightOf({ spec: { resourceAttributes: asked } }: Review): Right {
  const { namespace, group, resource, subresource, verb } = asked;
  return {
    ...{ group, verb },
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    scope: namespace === "churn-model-staging" ? "namespace" : "cluster",
  };
}
