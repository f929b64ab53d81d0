import { defaults } from "./defaults";
import { asLabel } from "./names";
import type { RawSettings } from "./schema";
import type { KubernetesSettings } from "./settings";
import type { TierDefaults } from "./tiers";

/** What each container asks for where the stack says nothing; measured, see docs/kubernetes.md. */
const defaultResources: KubernetesSettings["resources"] = {
  scorer: { cpu: "500m", memory: "512Mi" },
  trackingServer: { cpu: "500m", memory: "1Gi" },
  database: { cpu: "250m", memory: "256Mi" },
  artifactStore: { cpu: "250m", memory: "256Mi" },
};

/**
 * Settings of a cluster with every default filled in; null on another runtime.
 *
 * @param inProject makes a path from the project folder absolute
 */
export function kubernetesOf(
  raw: RawSettings,
  tier: TierDefaults,
  stack: string,
  inProject: (file: string) => string,
): KubernetesSettings | null {
  const written = raw.kubernetes;
  if (raw.runtime !== "kubernetes" || !written) return null;
  const { images, service, ingress, gateway, autoscale, resources } = written;
  const resourcesOf = (part: keyof typeof defaultResources) => ({
    ...defaultResources[part],
    ...resources?.[part],
  });
  return {
    cluster: {
      kubeconfig: written.kubeconfig ? inProject(written.kubeconfig) : null,
      context: written.context ?? null,
      namespace: written.namespace ?? asLabel(`${raw.model}-${stack}`),
    },
    createNamespace: written.createNamespace ?? defaults.kubernetes.createNamespace,
    images: {
      tollgate: images.tollgate,
      postgres: images.postgres ?? null,
      seaweedfs: images.seaweedfs ?? null,
    },
    imagePullSecrets: written.imagePullSecrets ?? [],
    rollout: written.rollout ?? defaults.kubernetes.rollout,
    canarySteps: written.canarySteps ?? [...defaults.kubernetes.canarySteps],
    modelFrom: written.modelFrom ?? defaults.kubernetes.modelFrom,
    modelImage: written.modelImage ?? null,
    service: {
      type: service?.type ?? defaults.kubernetes.serviceType,
      nodePort: service?.nodePort ?? null,
    },
    ingress: ingress
      ? {
          host: ingress.host,
          className: ingress.className ?? null,
          tlsSecret: ingress.tlsSecret ?? null,
        }
      : null,
    gateway: gateway
      ? { host: gateway.host, name: gateway.name, namespace: gateway.namespace ?? null }
      : null,
    resourceLevel: tier.resourceLevel,
    resources: {
      scorer: resourcesOf("scorer"),
      trackingServer: resourcesOf("trackingServer"),
      database: resourcesOf("database"),
      artifactStore: resourcesOf("artifactStore"),
    },
    autoscale: autoscale
      ? {
          maxReplicas: autoscale.maxReplicas,
          cpuPercent: autoscale.requestsPerSecond
            ? null
            : (autoscale.cpuPercent ?? defaults.kubernetes.cpuPercent),
          requestsPerSecond: autoscale.requestsPerSecond ?? null,
        }
      : null,
    monitoring: written.monitoring ?? defaults.kubernetes.monitoring,
    prometheus: written.prometheus?.replace(/\/+$/, "") ?? null,
    storageClass: written.storageClass ?? null,
    priorityClass: written.priorityClass ?? null,
  };
}
