import { type ContainerStatus, type Pod, podState } from "../../../cluster/pods";
import type { ConnectedCluster } from "../../../cluster/connect";
import { OperationError } from "../../errors";
import type { LogEnd, LogList } from "../../operations";
import type { ClusterSettings } from "../../../config/settings";
import { withCluster } from "./with-cluster";

/**
 * The pods of a stack's namespace, with their containers.
 *
 * @throws OperationError when the cluster can't be asked
 */
export function logList({ kubernetes }: ClusterSettings): Promise<LogList> {
  return withCluster(kubernetes.cluster, async (cluster) => {
    const logs = (await podsIn(cluster)).map((pod) => ({
      name: pod.metadata.name,
      containers: containersOf(pod),
      status: podState(pod),
    }));
    const lines = logs.map((each) => `${each.name}  ${each.containers.join(", ")}  ${each.status}`);
    return { logs, lines, what: "pods" };
  });
}

/**
 * The end of a container's log.
 *
 * @param name what `logSource` takes
 * @throws OperationError `no-log` when there is none, or when the cluster can't be asked
 */
export function logEnd(
  { kubernetes }: ClusterSettings,
  name: string,
  count: number,
): Promise<LogEnd> {
  return withCluster(kubernetes.cluster, async (cluster) => {
    const found = logSource(await podsIn(cluster), name);
    const { pod, container, previous } = found;
    const lines = await lastLines(cluster, found, count);
    return { source: { name: pod.metadata.name, container, previous }, lines };
  });
}

/** The pods of a namespace, by name. */
async function podsIn({ address, request }: ConnectedCluster): Promise<Pod[]> {
  const { items } = await request<{ items: Pod[] }>(
    "GET",
    `/api/v1/namespaces/${address.namespace}/pods`,
  );
  return items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Names of a pod's containers, in the order they run. */
export function containersOf({ spec }: Pod): string[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name);
}

/** One run of one container. */
export interface LogSource {
  readonly pod: Pod;
  readonly container: string;
  /** The run before the restart. */
  readonly previous: boolean;
}

/**
 * What an operand of `logs` means: `<pod>`, `<pod>/<container>`, or the name of a server that has one pod, such as
 * `tracking-server`. Without a container it is the one that something is wrong with, else the first that isn't an init
 * container; of one that is restarted again and again, the run that ended.
 *
 * @throws OperationError `no-log` when there is no such pod or container, or several
 */
export function logSource(pods: readonly Pod[], operand: string): LogSource {
  const [name = "", asked] = operand.split("/", 2);
  const pod = podNamed(pods, name);
  const containers = containersOf(pod);
  if (asked !== undefined && !containers.includes(asked)) {
    throw new OperationError(
      "no-log",
      `Pod ${pod.metadata.name} has no container "${asked}": it has ${containers.join(", ")}.`,
    );
  }
  const container = asked ?? troubled(pod) ?? pod.spec?.containers[0]?.name ?? "";
  const status = statusesOf(pod).find((each) => each.name === container);
  const previous =
    status?.state?.waiting !== undefined && status.lastState?.terminated !== undefined;
  return { pod, container, previous };
}

function podNamed(pods: readonly Pod[], name: string): Pod {
  const exact = pods.find(({ metadata }) => metadata.name === name);
  if (exact) return exact;
  const ofServer = pods.filter(
    ({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === name,
  );
  const [only, ...more] = ofServer;
  if (only && more.length === 0) return only;
  const there = (only ? ofServer : pods).map(({ metadata }) => metadata.name).join(", ");
  throw new OperationError(
    "no-log",
    only
      ? `Several pods are of "${name}": say which, one of ${there}.`
      : `There is no pod "${name}": there is ${there || "none yet"}.`,
  );
}

function statusesOf({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** The first container that ended badly, waits after it did, or still prepares the pod; null when none does. */
function troubled({ status }: Pod): string | null {
  const init = status?.initContainerStatuses?.find(
    ({ state }) => state?.running !== undefined || failed(state) || state?.waiting !== undefined,
  );
  const container = status?.containerStatuses?.find(
    ({ state, lastState }) => failed(state) || (state?.waiting && failed(lastState)),
  );
  return init?.name ?? container?.name ?? null;
}

function failed(state: ContainerStatus["state"]): boolean {
  return state?.terminated !== undefined && state.terminated.exitCode !== 0;
}

/** The end of a log. A container that didn't start yet has none, and its pod's state says why. */
async function lastLines(
  cluster: ConnectedCluster,
  { pod, container, previous }: LogSource,
  count: number,
): Promise<string[]> {
  const { ClusterError } = await import("../../../cluster/cluster");
  try {
    const text = await cluster.logs(pod.metadata.name, container, count, previous);
    return text.trimEnd().split("\n");
  } catch (error) {
    if (!(error instanceof ClusterError && error.code === "invalid")) throw error;
    throw new OperationError(
      "no-log",
      `Container ${container} of pod ${pod.metadata.name} has no log yet: the pod is ${podState(pod)}.`,
    );
  }
}
