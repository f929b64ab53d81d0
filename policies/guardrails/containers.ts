import { type GuardedResource, isGroup, read, readJson, readList, unknown } from "./guardrail";
import { kubernetesObjects, podsOf } from "./kubernetes";

/** A container inside a resource. Values are as `read` gives them. */
export interface Container {
  /** Its name, or what it is. */
  readonly name: string;
  readonly image: unknown;
  /** As written: of a Kubernetes pod, a task definition, or the resource itself. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** What it is part of: the pod's specification, the task, or the resource itself. */
  readonly around: Readonly<Record<string, unknown>>;
  /** Who runs it. `image`: a service that takes an image and sets users and limits itself. */
  readonly platform: "kubernetes" | "docker" | "swarm" | "ecs" | "image";
  /** An ephemeral container of Kubernetes can't have limits of its own. */
  readonly ephemeral?: true;
}

/** The containers that a resource runs. */
export interface Containers {
  readonly containers: readonly Container[];
  /** Why there may be others, as a clause; null when all can be seen. */
  readonly unseen: string | null;
}

const notYet: Containers = { containers: [], unseen: "has containers not known yet" };
const none: Containers = { containers: [], unseen: null };

type Reader = (resource: GuardedResource) => Containers;

const readers: Readonly<Record<string, Reader>> = {
  "docker:index/container:Container": ({ name, props }) => one({ name, platform: "docker", props }),
  "docker:index/service:Service": ({ name, props }) => {
    const spec = read(props, "taskSpec", "containerSpec");
    return listed([spec], { name, platform: "swarm", around: read(props, "taskSpec") });
  },
  "aws:ecs/taskDefinition:TaskDefinition": ({ name, props }) => {
    const definitions = readJson(read(props, "containerDefinitions"));
    return listed(definitions, { name, platform: "ecs", around: props });
  },
  "aws:batch/jobDefinition:JobDefinition": ({ name, props }) => {
    const text = read(props, "containerProperties");
    return text === undefined ? none : images(name, [read(readJson(text), "image")]);
  },
  "aws:lambda/function:Function": ({ name, props }) => images(name, [read(props, "imageUri")]),
  "aws:sagemaker/model:Model": ({ name, props }) => {
    const more = readList(props, "containers");
    if (more === unknown) return notYet;
    const all = [read(props, "primaryContainer"), ...more];
    return images(
      name,
      all.map((each) => read(each, "image")),
    );
  },
  "aws:apprunner/service:Service": ({ name, props }) =>
    images(name, [read(props, "sourceConfiguration", "imageRepository", "imageIdentifier")]),
  "kubernetes:helm.sh/v3:Release": () => ({
    containers: [],
    unseen: "makes containers that only Helm sees",
  }),
};

/** The containers of anything that runs some; of a resource that runs none, none. */
export function containersOf(resource: GuardedResource): Containers {
  return Object.hasOwn(readers, resource.type)
    ? readers[resource.type]!(resource)
    : inKubernetes(resource);
}

function inKubernetes(resource: GuardedResource): Containers {
  const objects = kubernetesObjects(resource);
  if (objects === unknown) return notYet;
  const pods = objects.map(podsOf);
  if (pods.includes(unknown)) return notYet;
  return joined(
    (pods as Readonly<Record<string, unknown>>[][]).flat().flatMap((pod) =>
      ["initContainers", "containers", "ephemeralContainers"].map((key) =>
        listed(readList(pod, key), {
          name: "container",
          platform: "kubernetes",
          around: pod,
          ...(key === "ephemeralContainers" && { ephemeral: true }),
        }),
      ),
    ),
  );
}

interface Told {
  readonly name: string;
  readonly platform: Container["platform"];
  readonly around: unknown;
  readonly ephemeral?: true;
}

/** A list of containers as written; what isn't one hides them. */
function listed(specs: unknown, { name, around, ...told }: Told): Containers {
  if (!Array.isArray(specs) || !specs.every(isGroup) || !isGroup(around)) return notYet;
  const containers = specs.map((spec) => {
    const own = read(spec, "name");
    const image = read(spec, "image");
    return { ...told, name: typeof own === "string" ? own : name, image, spec, around };
  });
  return { containers, unseen: null };
}

function one({ name, platform, props }: Pick<Container, "name" | "platform"> & GuardedProps) {
  return listed([{ ...props, name }], { name, platform, around: props });
}

type GuardedProps = Pick<GuardedResource, "props">;

/** Images alone; one that isn't set is of a resource that takes none. */
function images(name: string, given: readonly unknown[]): Containers {
  const containers = given
    .filter((image) => image !== undefined)
    .map((image) => ({ name, image, spec: {}, around: {}, platform: "image" as const }));
  return { containers, unseen: null };
}

function joined(all: readonly Containers[]): Containers {
  return {
    containers: all.flatMap(({ containers }) => containers),
    unseen: all.find(({ unseen }) => unseen !== null)?.unseen ?? null,
  };
}
