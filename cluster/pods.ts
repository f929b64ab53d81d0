import { oneLine } from "./failures";

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode: number;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** A pod as the API server describes it, as far as it is used here. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec?: {
    readonly initContainers?: readonly { readonly name: string }[];
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** Does the pod take requests? */
export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp) return false;
  return (status?.conditions ?? []).some(
    ({ type, status }) => type === "Ready" && status === "True",
  );
}

/**
 * A pod's state in a word as kubectl says it, with the reason where something is wrong: `Running`,
 * `ImagePullBackOff (Back-off pulling image "…")`, `Pending (Unschedulable: 0/3 nodes are available)`.
 */
export function podState(pod: Pod): string {
  const { status, metadata } = pod;
  if (metadata.deletionTimestamp) return "Terminating";
  const init = (status?.initContainerStatuses ?? []).find(
    ({ state }) => !state?.terminated || state.terminated.exitCode !== 0,
  );
  if (init) {
    const trouble = troubleOf(init);
    if (trouble) return `Init:${trouble}`;
    if (init.state?.running) return `Init:${init.name}`;
  }
  for (const container of status?.containerStatuses ?? []) {
    const trouble = troubleOf(container);
    if (trouble) return trouble;
  }
  if (status?.reason) return reasoned(status.reason, status.message);
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (status?.phase === "Pending" && scheduled?.status === "False") {
    return reasoned("Pending", [scheduled.reason, scheduled.message].filter(Boolean).join(": "));
  }
  if (status?.phase === "Running" && !isReady(pod)) return "Running (not ready)";
  return status?.phase ?? "Unknown";
}

/** What keeps a container from running; null when nothing does. */
function troubleOf({ state, lastState }: ContainerStatus): string | null {
  if (state?.waiting?.reason) {
    const { reason, message } = state.waiting;
    const before = lastState?.terminated;
    const ended = before ? `it ended with ${endOf(before)}` : undefined;
    return reasoned(reason, reason === "CrashLoopBackOff" ? (ended ?? message) : message);
  }
  if (state?.terminated && state.terminated.exitCode !== 0) {
    return reasoned(state.terminated.reason ?? "Error", endOf(state.terminated));
  }
  return null;
}

function endOf({ exitCode, reason, message }: NonNullable<ContainerState["terminated"]>): string {
  const why = message ? oneLine(message, 200) : reason === "Error" ? undefined : reason;
  return `exit code ${exitCode}${why ? `, ${why}` : ""}`;
}

function reasoned(reason: string, message: string | undefined): string {
  return message ? `${reason} (${oneLine(message, 300)})` : reason;
}
