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
 * @throws Error one sentence when it is missing and somebody else's, or lacks a key
 */
export async function ensureSecret(inputs: ClusterSecretInputs): Promise<string> {
  const cluster = await connectCluster(inputs.cluster);
  const found = (await find(cluster, inputs)) ?? (await make(cluster, inputs));
  const missing = inputs.keys.filter((key) => !found.data?.[key]);
  if (missing.length === 0) return fingerprint(found);
  throw new Error(
    `Secret ${inputs.name} in namespace ${inputs.cluster.namespace} has no ${missing.join(" and no ")}: add what is missing and run \`up\` again`,
  );
}

/** The fingerprint of what is there; null when there is no such Secret. */
export async function fingerprintOf(place: Place): Promise<string | null> {
  const found = await find(await connectCluster(place.cluster), place);
  return found && fingerprint(found);
}

export async function deleteSecret(place: Place): Promise<void> {
  await deleteIfThere(await connectCluster(place.cluster), pathOf(place));
}

async function make(cluster: Cluster, inputs: ClusterSecretInputs): Promise<Secret> {
  const { name, labels, generate } = inputs;
  const { namespace } = inputs.cluster;
  if (!generate) {
    throw new Error(
      `there is no Secret ${name} in namespace ${namespace}: make it with the keys ${inputs.keys.join(", ")}, and run \`up\` again`,
    );
  }
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
