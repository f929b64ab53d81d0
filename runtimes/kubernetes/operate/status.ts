import type { ClusterSettings, Settings } from "../../../config/settings";
import { ClusterError, type Cluster } from "../../../cluster/cluster";
import { isReady, type Pod, podState } from "../../../cluster/pods";
import { answerOf } from "../../answer";
import { secondsSince } from "../../since";
import type { Answer, Observed, PodStatus, RegistryStatus } from "../../observed";
import {
  type CallersService,
  idleDrift,
  selectionDrift,
  type Workload,
  workloadDrift,
} from "./workloads";

/** Longest wait for one answer of the API server, in milliseconds: `status` has to answer with everything down. */
const timeoutMs = 5000;

/** What is read from a cluster about a stack. */
type ClusterFacts = Pick<Observed, "serving" | "pods" | "interrupted" | "objects"> & {
  readonly cluster: NonNullable<Observed["cluster"]>;
};

/** Looks at a stack in its cluster and at its registry. Never throws for what is down. */
export async function observe(
  settings: ClusterSettings,
  askRegistry: () => Promise<RegistryStatus>,
): Promise<Observed> {
  const facts = await clusterFacts(settings);
  // A registry of the stack's own is in the same cluster.
  const lost = facts.cluster.problem !== null && settings.trackingServer.managed;
  const other = facts.cluster.problem === null ? await receiptsAtHand(settings) : [];
  const registry = lost ? unasked(settings) : await askRegistry();
  return { ...facts, registry, processes: [], objects: [...facts.objects, ...other] };
}

function unasked({ alias, trackingServer }: Settings): RegistryStatus {
  return {
    uri: trackingServer.uri,
    alias: { name: alias, version: null },
    stage: null,
    evidence: null,
    problem: "the cluster can't be asked",
  };
}

/** Brings receipts of releases that were made on another machine here. Returns why they can't belong together. */
async function receiptsAtHand({ kubernetes, stateDir }: ClusterSettings): Promise<string[]> {
  const [{ AlteredReceiptsError }, { syncReceipts }] = await Promise.all([
    import("../../../history/receipts"),
    import("../../../history/cluster-receipts"),
  ]);
  try {
    await syncReceipts(kubernetes.cluster, stateDir);
  } catch (error) {
    if (error instanceof AlteredReceiptsError) return [error.message];
    if (!(error instanceof ClusterError)) throw error;
  }
  return [];
}

/** Looks at a stack in its cluster. Never throws for what is down. */
async function clusterFacts(settings: ClusterSettings): Promise<ClusterFacts> {
  const { servingUrl } = await import("../manifests/traffic");
  const address = settings.kubernetes.cluster;
  const { namespace } = address;
  const url = servingUrl(settings);
  let server: string | null = null;
  try {
    const { connectCluster } = await import("../../../cluster/connect");
    const cluster = await connectCluster(address);
    server = cluster.server;
    const found = await objectsOf(cluster, settings);
    return {
      cluster: { server, namespace, problem: null },
      serving: { url, ...(await servingIn(cluster, settings, found.service)) },
      pods: found.pods.map((pod) => podStatus(pod, new Date())),
      interrupted: found.service?.metadata.annotations?.["tollgate.dev/release"] !== undefined,
      objects: [
        ...workloadDrift(found.workloads, await expectedWorkloads(settings)),
        ...selectionDrift(found.service, found.pods, settings.pin),
        ...(byDeployment(settings) ? idleDrift(found.service, found.pods) : []),
      ],
    };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const problem = "the cluster can't be asked";
    return {
      cluster: { server, namespace, problem: error.message },
      serving: { url, answer: null, problem },
      pods: [],
      interrupted: false,
      objects: [],
    };
  }
}

/** What callers of a stack in its cluster get. Never throws for what is down. */
export async function servingInCluster(settings: ClusterSettings): Promise<Answer> {
  const { connectCluster } = await import("../../../cluster/connect");
  const { names } = await import("../names");
  const address = settings.kubernetes.cluster;
  const path = `/api/v1/namespaces/${address.namespace}/services/${names.scorer}`;
  try {
    const cluster = await connectCluster(address);
    const service = await cluster.find<CallersService>(path, { timeoutMs });
    return await servingIn(cluster, settings, service);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { answer: null, problem: error.message.replace(/\.$/, "") };
  }
}

function byDeployment({ kubernetes: { rollout, modelFrom } }: ClusterSettings): boolean {
  return rollout === "deployment" && modelFrom !== "kserve";
}

interface Found {
  service: CallersService | null;
  workloads: Workload[];
  /** Without those that have done their job. */
  pods: Pod[];
}

/** Everything of the stack that is looked at, asked for at once. */
async function objectsOf(cluster: Cluster, settings: ClusterSettings): Promise<Found> {
  const { stackLabels } = await import("../manifests/metadata");
  const { selectorQuery } = await import("../../../provider/release/cluster/objects");
  const { names } = await import("../names");
  const { namespace } = cluster.address;
  const query = selectorQuery(stackLabels(settings));
  const list = async <T>(api: string, kind: string, listed: string): Promise<T[]> => {
    const path = `${api}/namespaces/${namespace}/${listed}?${query}`;
    // Without Argo there is no such resource.
    const found = await cluster.find<{ items: T[] }>(path, { timeoutMs });
    return (found?.items ?? []).map((each) => ({ ...each, kind }));
  };
  const argo = settings.kubernetes.rollout !== "deployment";
  const [service, pods, ...workloads] = await Promise.all([
    cluster.find<CallersService>(`/api/v1/namespaces/${namespace}/services/${names.scorer}`, {
      timeoutMs,
    }),
    list<Pod>("/api/v1", "Pod", "pods"),
    list<Workload>("/apis/apps/v1", "Deployment", "deployments"),
    list<Workload>("/apis/apps/v1", "StatefulSet", "statefulsets"),
    argo ? list<Workload>("/apis/argoproj.io/v1alpha1", "Rollout", "rollouts") : [],
  ]);
  return {
    service,
    workloads: workloads.flat(),
    pods: pods
      .filter(({ status }) => status?.phase !== "Succeeded")
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  };
}

/** What the settings of now would make of the pinned version. */
export async function expectedWorkloads(settings: ClusterSettings): Promise<Workload[]> {
  const { pin, model, trackingServer } = settings;
  if (!pin) return [];
  const { workloadManifests } = await import("../manifests/workload");
  return workloadManifests(settings, {
    modelUri: `models:/${model}/${pin.version}`,
    version: pin.version,
    digest: pin.digest,
    trackingUri: trackingServer.uri,
  }) as unknown as Workload[];
}

/** What one of the pods answers that callers are sent to. */
async function servingIn(
  cluster: Cluster,
  { scorer }: ClusterSettings,
  service: CallersService | null,
): Promise<Answer> {
  if (!service) return { answer: null, problem: "there is no Service scorer" };
  try {
    const tunnel = await cluster.tunnel({ service: service.metadata.name }, scorer.port);
    try {
      return await answerOf(tunnel.url);
    } finally {
      await tunnel.close();
    }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const none = error.code === "unavailable";
    return {
      answer: null,
      problem: none ? "no pod of it is ready" : error.message.replace(/\.$/, ""),
    };
  }
}

/** A pod as it is shown. */
export function podStatus(pod: Pod, now: Date): PodStatus {
  const { metadata, status } = pod;
  const ready = isReady(pod);
  const ofJob = metadata.ownerReferences?.some(({ kind }) => kind === "Job") ?? false;
  return {
    name: metadata.name,
    status: podState(pod),
    // A Job tries again by itself, and what it left is no sign of how things are.
    healthy: ready || ofJob || metadata.deletionTimestamp !== undefined,
    ready,
    restarts: (status?.containerStatuses ?? []).reduce((sum, each) => sum + each.restartCount, 0),
    age: metadata.creationTimestamp
      ? secondsSince(Date.parse(metadata.creationTimestamp), now)
      : null,
    version: metadata.labels?.["tollgate.dev/version"] ?? null,
  };
}
