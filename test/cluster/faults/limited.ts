import type { TestCluster } from "../../support/cluster";

/** A token of somebody who may do everything in a namespace but write Deployments. */
export async function limitedToken(cluster: TestCluster, namespace: string): Promise<string> {
  const metadata = { name: "limited", namespace };
  const rbac = "rbac.authorization.k8s.io";
  const others = [
    "",
    "batch",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    rbac,
    "discovery.k8s.io",
  ];
  const items = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: others, resources: ["*"], verbs: ["*"] },
        { apiGroups: ["apps"], resources: ["*"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["apps"], resources: ["statefulsets"], verbs: ["*"] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  ];
  const list = { apiVersion: "v1", kind: "List", items };
  await cluster.kubectl(["apply", "--filename", "-"], JSON.stringify(list));
  const token = ["create", "token", metadata.name, "--duration", "1h"];
  return (await cluster.kubectl(["--namespace", namespace, ...token])).trim();
}
