import { createHash, randomBytes } from "node:crypto";
import { type Cluster, ClusterError, deleteIfThere } from "../cluster/cluster";
import { connectCluster } from "../cluster/connect";
import type { ClusterSecretInputs } from "./inputs";

interface Secret {
  /** Values in base64, by key. */
  readonly data?: Readonly<Record<string, string>>;
}

type Place = Pick<ClusterSecretInputs, "cluster" | "name">;

/**
 * Makes the Secret when there is none and it is ours to make, and looks whether it has all its keys.
 *
 * @returns its fingerprint
 * @throws Error a sentence for each Secret of the environment that is missing and somebody else's, or lacks a key
 */
export async function ensureSecret(inputs: ClusterSecretInputs): Promise<string> {
  const cluster = await connectCluster(inputs.cluster);
  const { generate, kept = [inputs] } = inputs;
  const looked = await Promise.all(
    kept.map(async ({ name, keys }) => {
      const place = { cluster: inputs.cluster, name, keys };
      const found =
        (await find(cluster, place)) ?? (generate && (await make(cluster, inputs, generate)));
      return { name, found, problem: problemOf(place, found) };
    }),
  );
  const problems = looked.map(({ problem }) => problem).filter((problem) => problem !== null);
  if (problems.length > 0) throw new Error(`${problems.join("; ")}; then run \`up\` again`);
  return fingerprint(looked.find(({ name }) => name === inputs.name)!.found!);
}

/** What somebody has to do before this Secret can be used; null when it is as it must be. */
function problemOf(
  { cluster: { namespace }, name, keys }: Pick<ClusterSecretInputs, "cluster" | "name" | "keys">,
  found: Secret | null,
): string | null {
  if (!found) {
    return `there is no Secret ${name} in namespace ${namespace}: make it with ${keys.length === 1 ? "the key" : "the keys"} ${keys.join(", ")}`;
  }
  const missing = keys.filter((key) => !found.data?.[key]);
  if (missing.length === 0) return null;
  return `Secret ${name} in namespace ${namespace} has no ${missing.join(" and no ")}: add what is missing`;
}

/** The fingerprint of what is there; null when there is no such Secret. */
export async function fingerprintOf(place: Place): Promise<string | null> {
  const found = await find(await connectCluster(place.cluster), place);
  return found && fingerprint(found);
}

export async function deleteSecret(place: Place): Promise<void> {
  await deleteIfThere(await connectCluster(place.cluster), pathOf(place));
}

async function make(
  cluster: Cluster,
  inputs: ClusterSecretInputs,
  generate: NonNullable<ClusterSecretInputs["generate"]>,
): Promise<Secret> {
  const { name, labels } = inputs;
  const { namespace } = inputs.cluster;
  const random = Object.fromEntries(
    generate.random.map(({ name, bytes }) => [name, randomBytes(bytes).toString("hex")]),
  );
  const stringData = Object.fromEntries(
    generate.values.map(({ key, text }) => [key, filled(text, random)]),
  );
  try {
    return await cluster.request<Secret>("POST", `/api/v1/namespaces/${namespace}/secrets`, {
      body: {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace, labels },
        type: "Opaque",
        stringData,
      },
    });
  } catch (error) {
    // Somebody was faster; theirs is as good as ours.
    const found = error instanceof ClusterError && error.code === "conflict";
    const theirs = found ? await find(cluster, inputs) : null;
    if (theirs) return theirs;
    throw error;
  }
}

/** `${<name>}` stands for a random value. */
function filled(text: string, random: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => random[name] ?? whole);
}

function find(cluster: Cluster, place: Place): Promise<Secret | null> {
  return cluster.find<Secret>(pathOf(place));
}

function pathOf({ cluster: { namespace }, name }: Place): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

function fingerprint({ data = {} }: Secret): string {
  const hash = createHash("sha256");
  for (const key of Object.keys(data).sort()) hash.update(`${key}\n${data[key]}\n`);
  return hash.digest("hex").slice(0, 12);
}
