import { type Container, containersOf } from "./containers";
import {
  type GuardedResource,
  type GuardedStack,
  type Guardrail,
  read,
  shown,
  titled,
  unknown,
} from "./guardrail";

/** `name@sha256:…`; a tag before it is allowed, as the digest decides. */
const byDigest = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

/** An image that a machine has, by its id. Only Docker itself takes one: elsewhere it is the tag of an image `sha256`. */
const byId = /^sha256:[0-9a-f]{64}$/;

const remoteImage = "docker:index/remoteImage:RemoteImage";

/** Resources that build an image, whose digest can't be known before. */
const built = ["docker:index/image:Image", "docker-build:index:Image"];

/**
 * Refuses a container whose image is named by a tag: a tag can be moved after the review, a digest can't. Also a
 * RemoteImage by tag, as the id of what was pulled says nothing of what was reviewed.
 *
 * An image that isn't known at preview is refused, unless it comes from a RemoteImage or from an image that the stack
 * itself builds; it is then judged in the update, before the container is made.
 */
export const imagesByDigest: Guardrail = {
  name: "images-by-digest",
  description: "Every container image is named by its digest.",
  severity: "high",
  remedy:
    "Name the image as name@sha256:<64 hex digits>, as `docker buildx imagetools inspect` shows it; of a built image, take its digest; render a Helm release as a Chart.",
  alone(resource) {
    if (resource.type === remoteImage) {
      const name = read(resource.props, "name");
      return isByDigest(name) ? [] : [`pulls the image ${shown(name)}`];
    }
    const { containers, unseen } = containersOf(resource);
    return [
      ...(unseen === null ? [] : [unseen]),
      ...containers
        .filter((container) => container.image !== unknown && !isNamed(container))
        .map(runs),
    ];
  },
  together: (stack) =>
    stack.resources.flatMap((resource) =>
      containersOf(resource)
        .containers.filter(({ image }) => image === unknown && !isMade(resource, stack))
        .map((container) => `${titled(resource)} ${runs(container)}.`),
    ),
};

function runs({ name, image }: Container): string {
  return `runs ${name} from the image ${shown(image)}`;
}

function isNamed({ image, platform }: Container): boolean {
  return isByDigest(image) || (platform === "docker" && matches(image, byId));
}

function isByDigest(image: unknown): boolean {
  return matches(image, byDigest);
}

function matches(image: unknown, form: RegExp): boolean {
  return typeof image === "string" && form.test(image);
}

/** Was its image made from images of this stack alone? */
function isMade({ type, refersTo }: GuardedResource, { resources }: GuardedStack): boolean {
  // In everything but Docker's container, the image stands deeper inside a property.
  const sources =
    type === "docker:index/container:Container"
      ? refersTo["image"]
      : Object.values(refersTo).flat();
  const images = (sources ?? []).map((urn) => resources.find((each) => each.urn === urn)?.type);
  return images.some((each) => each !== undefined && [remoteImage, ...built].includes(each));
}
