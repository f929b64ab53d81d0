import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "../manifests/manifest";
import type { RenderedGroup } from "../render";
import { databaseSecret, registrySecret, storeSecret } from "../secrets";

/** Which Secrets must be there, as a page beside the manifests: a Secret itself is never rendered. */
export function secretsPage(settings: ClusterSettings, groups: readonly RenderedGroup[]): string {
  const { stack, kubernetes } = settings;
  const secrets = neededSecrets(groups.flatMap(({ manifests }) => manifests));
  const needed = secrets.filter(({ optional }) => !optional);
  const optional = secrets.filter((each) => each.optional);
  const contents = contentsOf(settings);
  return [
    `# Secrets of ${stack}`,
    "",
    needed.length === 0
      ? "No Secret is ever rendered, and none is needed."
      : `No Secret is ever rendered. These must be in the namespace \`${kubernetes.cluster.namespace}\` before pods start: by External Secrets, Sealed Secrets or by hand.`,
    ...(needed.length > 0 ? ["", ...tableOf(needed)] : []),
    ...(optional.length > 0 ? ["", "Read where they are there:", "", ...tableOf(optional)] : []),
    ...(contents.length > 0
      ? [
          "",
          "What goes into those that `tollgate up` would make by itself; `${…}` stands for a random text of letters and digits:",
          "",
          "| Secret | key | value |",
          "| --- | --- | --- |",
          ...contents,
        ]
      : []),
    "",
  ].join("\n");
}

/** A row a key of the Secrets that `up` makes where nobody else does. */
function contentsOf(settings: ClusterSettings): string[] {
  return [databaseSecret(settings), storeSecret(settings), registrySecret(settings)].flatMap(
    (secret) =>
      (secret?.generate?.values ?? []).map(
        ({ key, text }) => `| \`${secret!.name}\` | \`${key}\` | \`${text}\` |`,
      ),
  );
}

function tableOf(secrets: readonly NeededSecret[]): string[] {
  const rows = secrets.map(({ name, keys, readers }) => {
    const all = keys.length > 0 ? keys.map((key) => `\`${key}\``).join(", ") : "all it has";
    return `| \`${name}\` | ${all} | ${readers.join(", ")} |`;
  });
  return ["| Secret | keys | read by |", "| --- | --- | --- |", ...rows];
}

/** A Secret that manifests read, with what they read of it. */
export interface NeededSecret {
  readonly name: string;
  /** Sorted; empty when all its keys are taken as they are. */
  readonly keys: readonly string[];
  /** What reads it, by the label `app.kubernetes.io/name`, sorted: the same for every version. */
  readonly readers: readonly string[];
  /** Do all of them start without it too? */
  readonly optional: boolean;
}

type Group = Readonly<Record<string, unknown>>;

/** One place where a Secret is read. */
interface Reading {
  readonly name: unknown;
  readonly keys: readonly unknown[];
  readonly optional: boolean;
}

/** Every Secret that the manifests name, by name: found where Kubernetes looks, so that none can be forgotten. */
export function neededSecrets(manifests: readonly Manifest[]): NeededSecret[] {
  const found = new Map<string, { keys: Set<string>; readers: Set<string>; optional: boolean }>();
  for (const manifest of manifests) {
    const { labels, name: reader } = manifest.metadata;
    for (const { name, keys, optional } of readingsIn(manifest)) {
      if (typeof name !== "string") continue;
      const secret = found.get(name) ?? { keys: new Set(), readers: new Set(), optional: true };
      for (const key of keys) if (typeof key === "string") secret.keys.add(key);
      secret.readers.add(labels?.["app.kubernetes.io/name"] ?? reader);
      found.set(name, { ...secret, optional: secret.optional && optional });
    }
  }
  return [...found]
    .map(([name, { keys, readers, optional }]) => ({
      name,
      keys: [...keys].sort(),
      readers: [...readers].sort(),
      optional,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By the name of a property, what it says of Secrets. */
const readers: Readonly<Record<string, (value: Group) => Reading[]>> = {
  // A variable.
  secretKeyRef: ({ name, key, optional }) => [{ name, keys: [key], optional: optional === true }],
  // All keys as variables.
  secretRef: ({ name, optional }) => [{ name, keys: [], optional: optional === true }],
  // A volume, or one of several that are projected into one.
  secret: ({ secretName, name, items, optional }) => [
    {
      name: secretName ?? name,
      keys: groupsIn(items).map(({ key }) => key),
      optional: optional === true,
    },
  ],
};

function readingsIn(value: unknown): Reading[] {
  if (Array.isArray(value)) return value.flatMap(readingsIn);
  if (!isGroup(value)) return [];
  return Object.entries(value).flatMap(([property, held]) => {
    if (property === "imagePullSecrets") {
      return groupsIn(held).map(({ name }) => ({
        name,
        keys: [".dockerconfigjson"],
        optional: false,
      }));
    }
    if (property === "tls") {
      return groupsIn(held).map(({ secretName }) => ({
        name: secretName,
        keys: ["tls.crt", "tls.key"],
        optional: false,
      }));
    }
    const read = Object.hasOwn(readers, property) && isGroup(held) ? readers[property]!(held) : [];
    return [...read, ...readingsIn(held)];
  });
}

function groupsIn(value: unknown): Group[] {
  return Array.isArray(value) ? value.filter(isGroup) : [];
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
