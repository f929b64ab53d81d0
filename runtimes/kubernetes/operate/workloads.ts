import { nameOfPin } from "../../../history/pin-name";
import { shortDigest } from "../../../policies/finding";
import type { PinnedVersion } from "../../../policies/gate";
import { idleWords } from "../../observed";
import { isReady, type Pod } from "../../../cluster/pods";

const prefix = "tollgate.dev";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

interface Variable {
  readonly name: string;
  readonly value?: unknown;
}

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly Variable[];
}

interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What keeps pods running, as a manifest or as the API server describes it: as far as it is used here. */
export interface Workload {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly template?: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> };
      readonly spec?: {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
      };
    };
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** Of a Rollout. */
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
  };
}

/** The Service that callers use. */
export interface CallersService {
  readonly metadata: Metadata;
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/**
 * Changes to workloads that Tollgate didn't make, and failures of workloads, a sentence each.
 *
 * @param expected what the settings of now would make; what has other settings is of an older `up`, and is only looked
 *   at for what it says of itself
 */
export function workloadDrift(live: readonly Workload[], expected: readonly Workload[]): string[] {
  return live.flatMap((workload) => {
    const { kind, metadata } = workload;
    const what = `${kind} ${metadata.name}`;
    const declared = templateOf(metadata);
    const running = templateOf(workload.spec.template?.metadata);
    const state = [...rolloutState(what, workload), ...failures(what, workload)];
    if (declared !== undefined && declared !== running) {
      const undone = `${what} has another pod template than was released (by \`kubectl rollout undo\` or by hand)`;
      return [undone, ...state];
    }
    const wanted = expected.find(
      (each) =>
        each.kind === kind &&
        each.metadata.name === metadata.name &&
        templateOf(each.metadata) === declared,
    );
    return [...(wanted ? differences(what, workload, wanted) : []), ...state];
  });
}

function templateOf(metadata: Pick<Metadata, "annotations"> | undefined): string | undefined {
  const value = metadata?.annotations?.[`${prefix}/template`];
  return typeof value === "string" ? value : undefined;
}

function differences(what: string, live: Workload, wanted: Workload): string[] {
  const found: string[] = [];
  const { replicas } = wanted.spec;
  if (replicas !== undefined && live.spec.replicas !== replicas) {
    found.push(`${what} has ${live.spec.replicas ?? 1} replicas instead of ${replicas}`);
  }
  const containers = new Map(containersOf(live).map((each) => [each.name, each]));
  for (const container of containersOf(wanted)) {
    const { name, image } = container;
    const runs = containers.get(name);
    if (!runs) found.push(`${what} has no container ${name} any more`);
    else if (typeof image === "string" && runs.image !== image)
      found.push(`container ${name} of ${what} runs the image ${runs.image} instead of ${image}`);
    else found.push(...variableDifferences(`container ${name} of ${what}`, runs, container));
  }
  return found;
}

/** Variables set or taken away by hand, by name: a value may be a secret. */
function variableDifferences(what: string, live: Container, wanted: Container): string[] {
  const valuesOf = ({ env = [] }: Container) =>
    new Map(env.map(({ name, value }) => [name, typeof value === "string" ? value : null]));
  const [has, asked] = [valuesOf(live), valuesOf(wanted)];
  const other = [...new Set([...asked.keys(), ...has.keys()])].filter(
    (name) => has.get(name) !== asked.get(name),
  );
  return other.length > 0 ? [`${what} has other variables (${other.sort().join(", ")})`] : [];
}

/** Those that run before the others come first. */
export function containersOf({ spec }: Workload): Container[] {
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  return [...initContainers, ...containers];
}

/** Where Argo stopped, in its own words. */
function rolloutState(what: string, { kind, spec, status }: Workload): string[] {
  if (kind !== "Rollout" || !status) return [];
  const said = status.message ? ` (${status.message.replace(/\.+$/, "")})` : "";
  if (status.abort) return [`Argo Rollouts aborted the release of ${what}${said}`];
  if (status.phase === "Degraded") return [`${what} is degraded${said}`];
  if (spec.paused || status.phase === "Paused") return [`${what} is paused${said}`];
  return [];
}

/** Pods that aren't even made, such as by a quota. */
function failures(what: string, { status }: Workload): string[] {
  return (status?.conditions ?? [])
    .filter(({ type, status }) => type === "ReplicaFailure" && status === "True")
    .map(
      ({ message }) =>
        `${what} can't make its pods (${message?.replace(/\.+$/, "") ?? "no reason"})`,
    );
}

/** Pods that callers are sent to though they serve something else than what is pinned. */
export function selectionDrift(
  service: CallersService | null,
  pods: readonly Pod[],
  pin: PinnedVersion | null,
): string[] {
  const selector = Object.entries(service?.spec.selector ?? {});
  if (!service || !pin || selector.length === 0) return [];
  const others = new Set<string>();
  for (const { metadata } of pods) {
    const selected = selector.every(([name, value]) => metadata.labels?.[name] === value);
    const digest = metadata.annotations?.[`${prefix}/digest`];
    if (!selected || metadata.deletionTimestamp || !digest || digest === pin.digest) continue;
    const version = metadata.labels?.[`${prefix}/version`] ?? "?";
    others.add(`version ${version} (${shortDigest(digest)})`);
  }
  return [...others].map(
    (other) =>
      `Service ${service.metadata.name} sends callers to pods of ${other} instead of ${nameOfPin(pin)} alone`,
  );
}

/**
 * Deployments of scorers that are ready and get no traffic, a sentence each: an `up` that was cut off between making them
 * and moving the Service leaves a second generation. Not for what Argo or KServe moves, which keeps some on purpose.
 */
export function idleDrift(service: CallersService | null, pods: readonly Pod[]): string[] {
  const selector = Object.entries(service?.spec.selector ?? {});
  if (selector.length === 0) return [];
  return pods
    .filter((pod) => isReady(pod) && pod.metadata.labels?.[`${prefix}/version`] !== undefined)
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === "ReplicaSet"))
    .filter(({ metadata }) => !selector.every(([name, value]) => metadata.labels?.[name] === value))
    .map(({ metadata }) => `${metadata.name} ${idleWords}`);
}
