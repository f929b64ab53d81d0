import { shownShare } from "../../../provider/release/statistics";
import { names, ports, scorerLabels } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import { type Manifest, prefix } from "./manifest";
import { metadataOf } from "./metadata";
import { errorShare, onceEnough, p95Seconds, requestCount } from "./queries";

/** Over which the rules look back. */
const window = "5m";

/** What tells a Prometheus without operator to scrape a pod; nothing where PodMonitor does. */
export function scrapeAnnotations({ kubernetes }: ClusterSettings): Record<string, string> {
  if (kubernetes.monitoring === "operator") return {};
  return {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(ports.scorer),
    "prometheus.io/path": "/metrics",
  };
}

/** PodMonitor and PrometheusRule, for clusters with Prometheus' operator. */
export function monitoringManifests(settings: ClusterSettings): Manifest[] {
  if (settings.kubernetes.monitoring !== "operator") return [];
  return [
    {
      ...object(settings, "PodMonitor"),
      spec: {
        selector: { matchLabels: scorerLabels() },
        // By which the rules tell generations apart.
        podTargetLabels: [`${prefix}/generation`],
        podMetricsEndpoints: [{ port: "http", path: "/metrics" }],
      },
    },
    {
      ...object(settings, "PrometheusRule"),
      spec: { groups: [{ name: names.scorer, rules: alerts(settings) }] },
    },
  ];
}

/**
 * The limits are those a release is held to. `kube_pod_status_ready` is of kube-state-metrics, which comes with the
 * operator's usual bundle.
 */
function alerts({ model, stack, release, kubernetes }: ClusterSettings) {
  const namespace = `namespace="${kubernetes.cluster.namespace}"`;
  const what = `${model} in ${stack}`;
  const enough = (query: string) => onceEnough(query, requestCount(namespace, window));
  return [
    {
      alert: "TollgateErrors",
      expr: enough(`${errorShare(namespace, window)} > ${release.maxErrorRate}`),
      for: "2m",
      labels: { severity: "critical" },
      annotations: {
        summary: `${what}: {{ $value | humanizePercentage }} of the requests fail, ${shownShare(release.maxErrorRate)} may (tollgate:release.maxErrorRate).`,
      },
    },
    {
      alert: "TollgateLatency",
      expr: enough(`${p95Seconds(namespace, window)} > ${release.maxP95Ms / 1000}`),
      for: "5m",
      labels: { severity: "warning" },
      annotations: {
        summary: `${what}: the P95 latency is {{ $value | humanizeDuration }}, ${release.maxP95Ms} ms are allowed (tollgate:release.maxP95Ms).`,
      },
    },
    {
      alert: "TollgateScorersNotReady",
      expr: `sum(kube_pod_status_ready{${namespace},pod=~"${names.scorer}-.+",condition!="true"}) > 0`,
      for: "10m",
      labels: { severity: "warning" },
      annotations: {
        summary: `${what}: {{ $value }} scorers aren't ready; \`tollgate status\` says why.`,
      },
    },
    {
      alert: "TollgateReleaseUnfinished",
      expr: `count(count by (tollgate_dev_generation) (tollgate_scorer_in_flight{${namespace}})) > 1`,
      for: "30m",
      labels: { severity: "warning" },
      annotations: {
        summary: `${what}: {{ $value }} generations of scorers run; finish the release with \`tollgate up\`.`,
      },
    },
  ];
}

function object(settings: ClusterSettings, kind: string) {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind,
    metadata: metadataOf(settings, names.scorer),
  };
}
