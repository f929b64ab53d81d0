import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { scorerTemplate, type Served } from "./scorer";

/**
 * The scorers as KServe's InferenceService in raw deployment mode, without Knative: KServe makes a Deployment and a
 * Service, both named `<name>-predictor`, and no Service named `scorer`, which stays ours. The container is our scorer, and
 * no `storageUri` is given: KServe's own downloader checks no digest.
 */
export function inferenceService(
  settings: ClusterSettings,
  served: Served,
  metadata: Manifest["metadata"],
): Manifest {
  const { autoscale } = settings.kubernetes;
  const { metadata: pods, spec } = scorerTemplate(settings, served);
  const { replicas } = settings.scorer;
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: {
      ...metadata,
      labels: {
        ...metadata.labels,
        // Callers come through Service `scorer`; KServe's own address isn't to be found from outside.
        "networking.kserve.io/visibility": "cluster-local",
      },
      annotations: {
        ...metadata.annotations,
        "serving.kserve.io/deploymentMode": "RawDeployment",
        "serving.kserve.io/autoscalerClass": autoscale ? "hpa" : "external",
      },
    },
    spec: {
      predictor: {
        ...spec,
        labels: pods.labels,
        annotations: pods.annotations,
        minReplicas: replicas,
        ...(autoscale && {
          maxReplicas: Math.max(autoscale.maxReplicas, replicas),
          scaleMetric: "cpu",
          // KServe's autoscaler knows no other measure; 70 is its share when the setting asks for requests per second.
          scaleTarget: autoscale.cpuPercent ?? 70,
        }),
        deploymentStrategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
        },
      },
    },
  };
}
