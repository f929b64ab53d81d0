import type { types } from "@pulumi/kubernetes";
import { bodyBytes } from "../../../provider/envoy/limits";
import { names, ports, scorerLabels } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";
import { generationOf, type Served } from "./scorer";
import { movedByArgo } from "./workload";

/**
 * Service `scorer`, which callers use, and `scorer-preview`, through which Argo's analysis asks the new version alone.
 * Their selectors are those to begin with; a release moves them.
 */
export function serviceManifests(settings: ClusterSettings, served: Served): Manifest[] {
  const { type, nodePort } = settings.kubernetes.service;
  const argo = movedByArgo(settings);
  // Argo adds its own label to the selector, which a generation's would contradict after the first release.
  const selector = scorerLabels(argo ? undefined : generationOf(settings, served));
  const callers = service(settings, names.scorer, {
    type,
    selector,
    ports: [{ ...port(settings), ...(nodePort !== null && { nodePort }) }],
  });
  if (!argo) return [callers];
  const preview = { type: "ClusterIP", selector, ports: [port(settings)] };
  return [callers, service(settings, names.preview, preview)];
}

/** Ingress and HTTPRoute to Service `scorer`, where the settings ask for one. */
export function routeManifests(settings: ClusterSettings): Manifest[] {
  const { ingress, gateway } = settings.kubernetes;
  return [
    ...(ingress ? [ingressOf(settings, ingress)] : []),
    ...(gateway ? [httpRoute(settings, gateway)] : []),
  ];
}

/**
 * Where callers reach the model: the name that ingress or gateway know it by, else its address inside the cluster. That
 * one holds for a NodePort and a load balancer as well, whose addresses outside aren't known before they are there.
 */
export function servingUrl({ scorer, kubernetes }: ClusterSettings): string {
  const { ingress, gateway, cluster } = kubernetes;
  if (ingress) return `${ingress.tlsSecret === null ? "http" : "https"}://${ingress.host}`;
  // Whether the gateway itself ends TLS isn't among the settings.
  if (gateway) return `http://${gateway.host}`;
  return `http://${names.scorer}.${cluster.namespace}.svc:${scorer.port}`;
}

function port({ scorer }: ClusterSettings) {
  return { name: "http", port: scorer.port, targetPort: ports.scorer, protocol: "TCP" };
}

function service(
  settings: ClusterSettings,
  name: string,
  spec: types.input.core.v1.ServiceSpec,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(settings, name, names.scorer),
    spec: { ...spec, sessionAffinity: "None" },
  };
}

function ingressOf(
  settings: ClusterSettings,
  { host, className, tlsSecret }: NonNullable<ClusterSettings["kubernetes"]["ingress"]>,
): Manifest {
  const backend = { service: { name: names.scorer, port: { number: settings.scorer.port } } };
  const spec: types.input.networking.v1.IngressSpec = {
    ...(className !== null && { ingressClassName: className }),
    ...(tlsSecret !== null && { tls: [{ hosts: [host], secretName: tlsSecret }] }),
    rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      ...metadataOf(settings, names.scorer),
      annotations: {
        // Its address comes from a controller that may take minutes, and no release depends on it.
        "pulumi.com/skipAwait": "true",
        ...limitsOfNginx(settings.scorer),
      },
    },
    spec,
  };
}

/** ingress-nginx takes 1 MiB and waits 60 s unless it is told otherwise. Other controllers read nothing of this. */
function limitsOfNginx({ answerSeconds }: ClusterSettings["scorer"]): Record<string, string> {
  const prefix = "nginx.ingress.kubernetes.io";
  return {
    [`${prefix}/proxy-body-size`]: String(bodyBytes),
    [`${prefix}/proxy-read-timeout`]: String(answerSeconds),
  };
}

function httpRoute(
  settings: ClusterSettings,
  { host, name, namespace }: NonNullable<ClusterSettings["kubernetes"]["gateway"]>,
): Manifest {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: metadataOf(settings, names.scorer),
    spec: {
      parentRefs: [{ name, ...(namespace !== null && { namespace }) }],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ name: names.scorer, port: settings.scorer.port }],
        },
      ],
    },
  };
}
