import { containersOf } from "../containers";
import { type GuardedResource, read, readList, shown, unknown } from "../guardrail";
import { isOfKind, kubernetesObjects, type KubernetesObject } from "../kubernetes";

/** How pods can be reached from outside of their cluster. A Helm release is images-by-digest's to refuse. */
export function openingsInKubernetes(resource: GuardedResource): string[] {
  const objects = kubernetesObjects(resource);
  if (objects === unknown) return ["holds objects not known yet"];
  return [...objects.flatMap(ofObject), ...ofPods(resource)];
}

function ofObject(object: KubernetesObject): string[] {
  if (isOfKind(object, "core", "Service")) return ofService(object);
  const takesRequests =
    isOfKind(object, "networking.k8s.io", "Ingress") ||
    isOfKind(object, "extensions", "Ingress") ||
    isOfKind(object, "gateway.networking.k8s.io", "Gateway") ||
    isOfKind(object, "networking.istio.io", "Gateway") ||
    isOfKind(object, "route.openshift.io", "Route");
  return takesRequests ? ["takes requests from outside the cluster"] : [];
}

function ofService({ props }: KubernetesObject): string[] {
  const type = read(props, "spec", "type");
  if (type !== undefined && type !== "ClusterIP" && type !== "ExternalName") {
    return [`is of type ${shown(type)}`];
  }
  const addresses = readList(props, "spec", "externalIPs");
  if (addresses !== unknown && addresses.length === 0) return [];
  return [`has the external addresses ${shown(addresses)}`];
}

/** A pod on its machine's network, or on a port of its machine. */
function ofPods(resource: GuardedResource): string[] {
  const { containers } = containersOf(resource);
  const pods = containers.filter(({ platform }) => platform === "kubernetes");
  const networks = new Set(pods.map(({ around }) => read(around, "hostNetwork")));
  return [
    ...[...networks]
      .filter((network) => network !== undefined && network !== false)
      .map((network) => `has ${shown(network)} for hostNetwork`),
    ...pods.flatMap(({ name, spec }) => {
      const ports = readList(spec, "ports");
      const onHost = ports === unknown ? [unknown] : ports.map((port) => read(port, "hostPort"));
      return onHost
        .filter((port) => port !== undefined && port !== 0)
        .map((port) => `has ${shown(port)} for a hostPort of the container ${name}`);
    }),
  ];
}
