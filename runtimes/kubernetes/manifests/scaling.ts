import type { types } from "@pulumi/kubernetes";
import { names, scorerLabels } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";
import type { Served } from "./scorer";
import { workloadRefOf } from "./workload";

/** Metric of one scorer that a metrics adapter has to offer when requests are what counts. */
export const requestsMetric = "tollgate_scorer_requests_per_second";

/** The autoscaler, where the settings ask for one, and how many scorers may be away when machines are emptied. */
export function scalingManifests(settings: ClusterSettings, served: Served): Manifest[] {
  const { scorer, kubernetes } = settings;
  // KServe makes its own.
  const ours = kubernetes.autoscale !== null && kubernetes.modelFrom !== "kserve";
  return [
    ...(ours ? [autoscaler(settings, served, kubernetes.autoscale)] : []),
    // A budget for a single scorer would only keep its machine from being emptied.
    ...(scorer.replicas > 1 ? [disruptionBudget(settings)] : []),
  ];
}

type Autoscale = NonNullable<ClusterSettings["kubernetes"]["autoscale"]>;

/** One for each workload: a generation of its own scales by its own load. */
function autoscaler(settings: ClusterSettings, served: Served, autoscale: Autoscale): Manifest {
  const { replicas } = settings.scorer;
  const workload = workloadRefOf(settings, served);
  const spec: types.input.autoscaling.v2.HorizontalPodAutoscalerSpec = {
    scaleTargetRef: { ...workload },
    minReplicas: replicas,
    maxReplicas: Math.max(autoscale.maxReplicas, replicas),
    metrics: [metricOf(settings, autoscale)],
  };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadataOf(settings, workload.name, names.scorer),
    spec,
  };
}

function metricOf(
  { kubernetes }: ClusterSettings,
  { cpuPercent, requestsPerSecond }: Autoscale,
): types.input.autoscaling.v2.MetricSpec {
  if (requestsPerSecond !== null) {
    const target = { type: "AverageValue", averageValue: thousandths(requestsPerSecond * 1000) };
    return { type: "Pods", pods: { metric: { name: requestsMetric }, target } };
  }
  // A share of what containers request, and of what they would where they request nothing.
  const percent = cpuPercent!;
  const { cpu } = kubernetes.resources.scorer;
  const millicores = parseInt(cpu) * (cpu.endsWith("m") ? 1 : 1000);
  const target =
    kubernetes.resourceLevel === "none"
      ? { type: "AverageValue", averageValue: thousandths((millicores * percent) / 100) }
      : { type: "Utilization", averageUtilization: percent };
  return { type: "Resource", resource: { name: "cpu", target } };
}

/** So many thousandths, at least one, as Kubernetes itself writes them. */
function thousandths(number: number): string {
  const whole = Math.max(1, Math.round(number));
  return whole % 1000 === 0 ? String(whole / 1000) : `${whole}m`;
}

/** Over all generations: while one follows another, it is their sum that callers need. */
function disruptionBudget(settings: ClusterSettings): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadataOf(settings, names.scorer),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: scorerLabels() },
      // One that never gets ready must not keep a machine from being emptied.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}
