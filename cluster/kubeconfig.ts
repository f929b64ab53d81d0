import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { ClusterAddress } from "./address";
import { ClusterError } from "./cluster";

/** The `cluster` part of a kubeconfig, as far as it is used here. File names are absolute. */
export interface KubeCluster {
  readonly server: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
  readonly "proxy-url"?: string;
}

/** A program that hands out credentials. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { name: string; value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

/** The `user` part of a kubeconfig, as far as it is used here. File names are absolute. */
export interface KubeUser {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlugin;
  readonly as?: string;
  readonly "auth-provider"?: { readonly name: string };
}

/** One way into a cluster: a context with its cluster and its user. */
export interface Access {
  readonly context: string;
  readonly cluster: KubeCluster;
  readonly user: KubeUser;
}

interface Kubeconfig {
  "current-context"?: string;
  clusters?: { name: string; cluster?: KubeCluster }[];
  users?: { name: string; user?: KubeUser }[];
  contexts?: { name: string; context?: { cluster?: string; user?: string } }[];
}

/** What to do when a cluster can't be reached: both ways on. */
export const waysOn =
  "set KUBECONFIG, tollgate:kubernetes.kubeconfig or tollgate:kubernetes.context to reach it, " +
  "or put this stack on `tollgate:runtime: local`";

/** A cluster that can't be reached, and what to do. */
export function unreachable(what: string): ClusterError {
  return new ClusterError("unreachable", `${what}: ${waysOn}.`);
}

/** The kubeconfig files to read, in order: the one that the settings name, KUBECONFIG's list, or `~/.kube/config`. */
export function kubeconfigFiles(
  { kubeconfig }: ClusterAddress,
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  if (kubeconfig !== null) return [kubeconfig];
  const listed = (environment.KUBECONFIG ?? "").split(path.delimiter).filter(Boolean);
  if (listed.length > 0) return listed.map((file) => path.resolve(file));
  return [path.join(environment.HOME ?? homedir(), ".kube", "config")];
}

/**
 * Chooses the way into a cluster as kubectl does: of several files, the first that names something wins, and a file
 * that isn't there is passed over. Not by the library's own reader, which brings every type of the API with it (5 MB
 * of a bundle), refuses a name that two files have, and prefers the last file.
 *
 * @throws ClusterError `unreachable`
 */
export async function readAccess(
  address: ClusterAddress,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Access> {
  const files = kubeconfigFiles(address, environment);
  const configs: Kubeconfig[] = [];
  for (const file of files) {
    const config = await readKubeconfig(file);
    if (config) configs.push(config);
  }
  const looked = files.join(", ");
  if (configs.length === 0) throw unreachable(`There is no kubeconfig at ${looked}`);

  const contexts = configs.flatMap(({ contexts }) => contexts ?? []);
  const name = address.context ?? configs.map((each) => each["current-context"]).find(Boolean);
  const there = [...new Set(contexts.map((each) => each.name))].join(", ") || "none";
  if (!name) {
    throw unreachable(`The kubeconfig at ${looked} has no current context (there are: ${there})`);
  }
  const context = contexts.find((each) => each.name === name)?.context;
  if (!context) {
    throw unreachable(`The kubeconfig at ${looked} has no context "${name}" (there are: ${there})`);
  }
  const cluster = named(configs, "clusters", context.cluster)?.cluster;
  if (!cluster?.server) {
    throw unreachable(
      `Context "${name}" of ${looked} names the cluster "${context.cluster ?? ""}", which has no server there`,
    );
  }
  const user = named(configs, "users", context.user);
  if (context.user && !user) {
    throw unreachable(
      `Context "${name}" of ${looked} names the user "${context.user}", who isn't there`,
    );
  }
  return { context: name, cluster, user: user?.user ?? {} };
}

function named<K extends "clusters" | "users">(
  configs: readonly Kubeconfig[],
  kind: K,
  name: string | undefined,
): NonNullable<Kubeconfig[K]>[number] | undefined {
  for (const config of configs) {
    const found = config[kind]?.find((each) => each.name === name);
    if (found) return found as NonNullable<Kubeconfig[K]>[number];
  }
  return undefined;
}

/** One file with its paths made absolute; null when it isn't there. */
async function readKubeconfig(file: string): Promise<Kubeconfig | null> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw unreachable(`The kubeconfig ${file} can't be read (${code})`);
  }
  const { parse } = await import("yaml");
  let config: Kubeconfig | null;
  try {
    config = parse(text) as Kubeconfig | null;
  } catch {
    config = null; // What is wrong in it may be a secret, so it isn't quoted.
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw unreachable(`${file} is no kubeconfig`);
  }
  const place = (value: string | undefined) =>
    value === undefined ? undefined : path.resolve(path.dirname(file), value);
  return {
    ...config,
    clusters: (config.clusters ?? []).map(({ name, cluster }) => ({
      name,
      cluster: cluster && {
        ...cluster,
        "certificate-authority": place(cluster["certificate-authority"]),
      },
    })),
    users: (config.users ?? []).map(({ name, user }) => ({
      name,
      user: user && {
        ...user,
        "client-certificate": place(user["client-certificate"]),
        "client-key": place(user["client-key"]),
        tokenFile: place(user.tokenFile),
        exec: user.exec && { ...user.exec, command: commandFrom(file, user.exec.command) },
      },
    })),
  };
}

/** A command with a slash is seen from its file; one without is looked for in PATH. */
function commandFrom(file: string, command: string): string {
  return /[\\/]/.test(command) ? path.resolve(path.dirname(file), command) : command;
}
