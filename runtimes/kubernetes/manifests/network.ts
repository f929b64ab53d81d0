import { names, ports, scorerLabels } from "../names";
import { backupName } from "./backup";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { migrationName } from "./migration";
import { ownsDatabase, ownsStore } from "./owned";
import { metadataOf, selectorOf } from "./metadata";

/** One side of a policy's rule. Without peers: anybody. */
interface Rule {
  readonly peers?: readonly object[];
  readonly ports: readonly { readonly port: number; readonly protocol?: "TCP" | "UDP" }[];
}

const everyPod = {};
const dnsPort = 53;
const httpsPort = 443;

/** NodeLocal DNSCache, where a cluster has it: the address it is given in Kubernetes' own manifests. */
const nodeLocalDns = "169.254.20.10/32";

/**
 * Who may talk to whom in the namespace: nobody, except as said here. Callers get to the scorers from anywhere, and
 * so does a Prometheus, because scorers tell their figures on the same port. Tunnels through the API server come out
 * inside the pod, where no policy reaches.
 */
export function networkManifests(settings: ClusterSettings): Manifest[] {
  const { managed } = settings.trackingServer;
  return [
    policy(settings, "default-deny", everyPod, { ingress: [], egress: [] }),
    policy(settings, "dns", everyPod, { egress: [dns] }),
    policy(settings, "callers", selector(scorerLabels()), { ingress: [to(ports.scorer)] }),
    // Scorers, Jobs and clients alike: a release check asks both.
    policy(settings, "clients", everyPod, {
      egress: [
        to(ports.scorer, scorerLabels()),
        managed
          ? to(ports.trackingServer, selectorOf(names.trackingServer))
          : to(settings.trackingServer.port),
      ],
    }),
    ...(managed ? registryPolicies(settings) : []),
  ];
}

function registryPolicies(settings: ClusterSettings): Manifest[] {
  const usesDatabase = settings.database.kind === "postgres";
  const databaseUsers = [names.trackingServer, migrationName, backupName];
  return [
    policy(settings, "registry", selector(selectorOf(names.trackingServer)), {
      ingress: [{ peers: [{ podSelector: everyPod }], ports: [{ port: ports.trackingServer }] }],
    }),
    ...(usesDatabase
      ? [
          policy(settings, "database-clients", anyOf(databaseUsers), {
            egress: [
              ownsDatabase(settings)
                ? to(ports.database, selectorOf(names.database))
                : to(ports.database),
            ],
          }),
        ]
      : []),
    ...(ownsDatabase(settings)
      ? [
          policy(settings, "database", selector(selectorOf(names.database)), {
            ingress: [
              { peers: [{ podSelector: anyOf(databaseUsers) }], ports: [{ port: ports.database }] },
            ],
          }),
        ]
      : []),
    ...storePolicies(settings),
  ];
}

/** Only the MLflow server touches the store: scorers and clients get their bytes through it. */
function storePolicies(settings: ClusterSettings): Manifest[] {
  const { kind, endpoint } = settings.artifactStore;
  if (kind !== "s3") return [];
  const server = selector(selectorOf(names.trackingServer));
  if (!ownsStore(settings)) {
    return [policy(settings, "store-client", server, { egress: [to(portOf(endpoint))] })];
  }
  return [
    policy(settings, "store-client", server, {
      egress: [to(ports.artifactStore, selectorOf(names.artifactStore))],
    }),
    policy(settings, "store", selector(selectorOf(names.artifactStore)), {
      ingress: [{ peers: [{ podSelector: server }], ports: [{ port: ports.artifactStore }] }],
    }),
  ];
}

const dns: Rule = {
  peers: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    },
    { ipBlock: { cidr: nodeLocalDns } },
  ],
  ports: [
    { port: dnsPort, protocol: "UDP" },
    { port: dnsPort, protocol: "TCP" },
  ],
};

/** To a port of the pods with these labels; of anybody without labels. */
function to(port: number, labels?: Record<string, string>): Rule {
  return { ...(labels && { peers: [{ podSelector: selector(labels) }] }), ports: [{ port }] };
}

function policy(
  settings: ClusterSettings,
  name: string,
  podSelector: object,
  { ingress, egress }: { ingress?: readonly Rule[]; egress?: readonly Rule[] },
): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(settings, name),
    spec: {
      podSelector,
      policyTypes: [...(ingress ? ["Ingress"] : []), ...(egress ? ["Egress"] : [])],
      // An empty list is the same as none, which is how Kubernetes keeps it.
      ...(ingress?.length && { ingress: ingress.map((rule) => written(rule, "from")) }),
      ...(egress?.length && { egress: egress.map((rule) => written(rule, "to")) }),
    },
  };
}

function written({ peers, ports }: Rule, side: "from" | "to") {
  return {
    ...(peers && { [side]: peers }),
    ports: ports.map(({ port, protocol = "TCP" }) => ({ port, protocol })),
  };
}

function selector(matchLabels: Record<string, string>) {
  return { matchLabels };
}

function anyOf(values: readonly string[]) {
  return { matchExpressions: [{ key: "app.kubernetes.io/name", operator: "In", values }] };
}

function portOf(endpoint: string | null): number {
  if (endpoint === null) return httpsPort;
  const { port, protocol } = new URL(endpoint);
  return Number(port) || (protocol === "https:" ? httpsPort : 80);
}
