import { type GuardedResource, isGroup, read, readList, unknown } from "./guardrail";

/** An object that a resource of Kubernetes makes: itself, or an item of its list. */
export interface KubernetesObject {
  /** API group without its version: every version of a kind is judged alike. `core` for the unnamed one. */
  readonly group: string;
  /** Such as `Deployment`, also of a `DeploymentPatch`. */
  readonly kind: string;
  readonly props: Readonly<Record<string, unknown>>;
}

/** Where the built-in kinds keep the specification of their pods. */
const podPaths: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  PodTemplate: ["template", "spec"],
  ReplicationController: ["spec", "template", "spec"],
  Deployment: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

/**
 * The objects of a resource, none for a resource of another provider; `unknown` for a list not known yet.
 *
 * A resource's type says what it makes, and its properties may: one that says two different things is judged as both.
 */
export function kubernetesObjects(
  resource: GuardedResource,
): readonly KubernetesObject[] | typeof unknown {
  const [, version, kind] = /^kubernetes:(.+):([^:]+)$/.exec(resource.type) ?? [];
  if (version === undefined || kind === undefined) return [];
  const { props } = resource;
  const typed = objectOf(version, kind, props);
  const own = named(props, typed);
  const objects = own.kind === typed.kind && own.group === typed.group ? [typed] : [typed, own];
  if (!objects.some((each) => each.kind.endsWith("List"))) return objects;
  const items = readList(props, "items");
  if (items === unknown || !items.every(isGroup)) return unknown;
  const ofItems = { ...own, kind: own.kind.replace(/List$/, "") };
  return items.map((item) => named(item, ofItems));
}

/** Of these kinds of a group? */
export function isOfKind({ group, kind }: KubernetesObject, ofGroup: string, ...kinds: string[]) {
  return group === ofGroup && kinds.includes(kind);
}

/**
 * The specifications of an object's pods: every part of it that has a list of containers, so that a kind nobody has
 * heard of is judged like a Deployment. `unknown` where a built-in kind's pods aren't known yet.
 */
export function podsOf({
  kind,
  props,
}: KubernetesObject): readonly Readonly<Record<string, unknown>>[] | typeof unknown {
  if (Object.hasOwn(podPaths, kind) && read(props, ...podPaths[kind]!) === unknown) return unknown;
  const pods: Readonly<Record<string, unknown>>[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    if (!isGroup(value)) return;
    const containers = read(value, "containers");
    if (containers === unknown || Array.isArray(containers)) pods.push(value);
    Object.values(value).forEach(walk);
  };
  walk(props);
  return pods;
}

/** What properties call themselves, or else what they are taken for. */
function named(props: Readonly<Record<string, unknown>>, otherwise: KubernetesObject) {
  const [version, kind] = [read(props, "apiVersion"), read(props, "kind")];
  if (typeof version !== "string" || typeof kind !== "string") return { ...otherwise, props };
  return objectOf(version, kind, props);
}

function objectOf(
  version: string,
  kind: string,
  props: Readonly<Record<string, unknown>>,
): KubernetesObject {
  // `v1` is the unnamed group's version, which the SDK calls `core/v1`.
  const group = version.includes("/") ? version.split("/")[0]! : "core";
  return { group, kind: kind.replace(/Patch$/, ""), props };
}
