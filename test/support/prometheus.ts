import { readFileSync } from "node:fs";
import path from "node:path";
import type { TestCluster } from "./cluster";

/** A Prometheus in the test cluster. */
export interface Prometheus {
  /** As pods reach it: what `tollgate:kubernetes.prometheus` names. */
  readonly url: string;
  /** Removes it with its rights. */
  stop(): Promise<void>;
}

const port = 9090;
const user = 65532;

const script = path.join(__dirname, "prometheus_targets.py");
const targets = "/targets/pods.json";

const configuration = {
  global: { scrape_interval: "1s", scrape_timeout: "1s" },
  scrape_configs: [
    { job_name: "pods", file_sd_configs: [{ files: [targets], refresh_interval: "1s" }] },
  ],
};

/** Starts Prometheus in a namespace of its own and waits until it answers. It scrapes annotated pods of all namespaces. */
export async function startPrometheus(cluster: TestCluster): Promise<Prometheus> {
  const name = cluster.namespace();
  await cluster.kubectl(["apply", "--filename", "-"], JSON.stringify(manifests(cluster, name)));
  const inIt = ["--namespace", name];
  await cluster.kubectl([...inIt, "rollout", "status", "deployment/prometheus", "--timeout=120s"]);
  return {
    url: `http://prometheus.${name}.svc:${port}`,
    async stop() {
      await cluster.kubectl(["delete", "clusterrolebinding,clusterrole", name]);
      await cluster.kubectl(["delete", "namespace", name]);
    },
  };
}

function manifests(cluster: TestCluster, name: string) {
  const metadata = { name: "prometheus", namespace: name };
  const labels = { "app.kubernetes.io/name": "prometheus" };
  const account = { kind: "ServiceAccount", name: "prometheus", namespace: name };
  const rbac = "rbac.authorization.k8s.io";
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [account],
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: {
        // YAML is a superset of JSON.
        "prometheus.yml": JSON.stringify(configuration),
        "targets.py": readFileSync(script, "utf8"),
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ port }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(cluster.images) },
      },
    },
  ];
  return { apiVersion: "v1", kind: "List", items };
}

function podSpec(images: TestCluster["images"]) {
  const configurationMount = { name: "configuration", mountPath: "/etc/prometheus-test" };
  const targetsMount = { name: "targets", mountPath: path.dirname(targets) };
  return {
    serviceAccountName: "prometheus",
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: user, fsGroup: user },
    containers: [
      {
        name: "prometheus",
        image: images.prometheus,
        command: ["prometheus"],
        args: [
          `--config.file=${configurationMount.mountPath}/prometheus.yml`,
          "--storage.tsdb.path=/data",
        ],
        readinessProbe: { httpGet: { path: "/-/ready", port }, periodSeconds: 1 },
        volumeMounts: [configurationMount, targetsMount, { name: "data", mountPath: "/data" }],
      },
      {
        name: "targets",
        image: images.tollgate,
        command: ["python", `${configurationMount.mountPath}/targets.py`, targets],
        volumeMounts: [configurationMount, targetsMount],
      },
    ],
    volumes: [
      { name: "configuration", configMap: { name: "prometheus" } },
      { name: "targets", emptyDir: {} },
      { name: "data", emptyDir: {} },
    ],
  };
}
