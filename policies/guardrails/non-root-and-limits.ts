import { type Container, containersOf } from "./containers";
import { type Guardrail, read, readList, shown } from "./guardrail";

/**
 * Refuses containers in production that run as root or could become root, or that may take all of a machine's processor
 * or memory. Pods of Kubernetes, containers and services of Docker, tasks of ECS. What is asked of pods is the part of
 * Kubernetes' Pod Security Standards ("restricted") that is about root.
 *
 * A value that isn't known at preview is refused: who runs a container and how much it may take is written down, not
 * computed.
 */
export const nonRootAndLimits: Guardrail = {
  name: "non-root-and-limits",
  description: "In production every container runs as somebody else than root, within limits.",
  severity: "high",
  remedy:
    "Set securityContext.runAsNonRoot: true and allowPrivilegeEscalation: false, and resources.limits of cpu and memory (in Docker: user, memory and cpus; in ECS: user and memory).",
  alone(resource, { production }) {
    if (!production) return [];
    const { containers, unseen } = containersOf(resource);
    return [
      ...(unseen === null ? [] : [unseen]),
      ...containers.flatMap((container) =>
        problemsOf[container.platform](container).map(
          (problem) => `has the container ${container.name}, which has ${problem}`,
        ),
      ),
    ];
  },
};

/** What is wrong with a container, as in `has …`. */
type Problems = (container: Container) => string[];

const problemsOf: Readonly<Record<Container["platform"], Problems>> = {
  kubernetes: podProblems,
  docker: ({ spec }) => [
    ...rootUser(read(spec, "user")),
    ...privileges(spec, ["capabilities", "adds"]),
    ...unlimited("memory", read(spec, "memory")),
    // `cpus` is the same limit as a quota for each period.
    ...unlimited("cpu", read(spec, "cpus") ?? read(spec, "cpuQuota")),
  ],
  swarm: ({ spec, around }) => [
    ...rootUser(read(spec, "user")),
    ...privileges(spec, ["capAdds"]),
    ...unlimited("memory", read(around, "resources", "limits", "memoryBytes")),
    ...unlimited("cpu", read(around, "resources", "limits", "nanoCpus")),
  ],
  ecs: ({ spec, around }) => [
    ...rootUser(read(spec, "user")),
    ...privileges(spec, ["linuxParameters", "capabilities", "add"]),
    // Processors are shared out by weight, so that one container can't starve another.
    ...unlimited("memory", read(spec, "memory") ?? read(around, "memory")),
  ],
  image: () => [],
};

function podProblems({ spec, around: pod, ephemeral }: Container): string[] {
  const own = (key: string) => read(spec, "securityContext", key);
  // What a container doesn't say for itself, its pod says for it.
  const inForce = (key: string) => own(key) ?? read(pod, "securityContext", key);
  const problems: string[] = [];
  const [nonRoot, user] = [inForce("runAsNonRoot"), inForce("runAsUser")];
  if (nonRoot !== true) problems.push(`${shown(nonRoot)} for runAsNonRoot`);
  if (user !== undefined && !isAbove0(user)) problems.push(`${shown(user)} for runAsUser`);
  const escalates = own("allowPrivilegeEscalation");
  if (escalates !== false) problems.push(`${shown(escalates)} for allowPrivilegeEscalation`);
  problems.push(...privileges(read(spec, "securityContext"), ["capabilities", "add"]));
  for (const resource of ephemeral ? [] : ["cpu", "memory"]) {
    const limit = ["resources", "limits", resource];
    problems.push(...unlimited(resource, read(spec, ...limit) ?? read(pod, ...limit)));
  }
  return problems;
}

/** Docker takes an empty name for the image's own user, and any way to write 0 for root. */
function rootUser(user: unknown): string[] {
  const name = typeof user === "string" ? user.split(":")[0]!.trim() : "";
  return name === "" || name === "root" || Number(name) === 0
    ? [`${shown(user)} for its user`]
    : [];
}

/** All of root's rights at once, or some of them by name. Binding to a low port is harmless. */
function privileges(from: unknown, added: readonly string[]): string[] {
  const problems: string[] = [];
  const privileged = read(from, "privileged");
  if (privileged !== undefined && privileged !== false) {
    problems.push(`${shown(privileged)} for privileged`);
  }
  const capabilities = readList(from, ...added);
  const harmless = ["NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"];
  if (
    typeof capabilities === "symbol" ||
    capabilities.some((each) => !harmless.includes(each as string))
  ) {
    problems.push(`${shown(capabilities)} for its added capabilities`);
  }
  return problems;
}

/** Nothing and 0 are no limit. */
function unlimited(resource: string, limit: unknown): string[] {
  return isAbove0(limit) ? [] : [`${shown(limit)} for its limit of ${resource}`];
}

/** A number, or a quantity such as `500m` or `1Gi`. */
function isAbove0(value: unknown): boolean {
  if (typeof value === "number") return value > 0 && Number.isFinite(value);
  return typeof value === "string" && /^\d/.test(value) && parseFloat(value) > 0;
}
