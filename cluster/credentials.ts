import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Access, type ExecPlugin, type KubeCluster, unreachable } from "./kubeconfig";

/** What a connection to an API server needs. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

/** Longest time a credential plugin may take: it may ask somebody in a browser. */
const pluginTimeoutMs = 120_000;

/** Credentials are asked of a plugin this long before they expire. */
const earlyMs = 30_000;

/** The credentials of a context, made when first asked for and again when they expire. */
export class CredentialSource {
  #plugin: { until: number; status: Promise<PluginStatus> } | undefined;
  #tls: { from: PluginStatus; tls: Credentials["tls"] } | undefined;

  constructor(private readonly access: Access) {}

  /** @throws ClusterError `unreachable` */
  async credentials(): Promise<Credentials> {
    const { context, cluster, user } = this.access;
    if (cluster["proxy-url"]) {
      throw unreachable(
        `The cluster of context "${context}" is behind the proxy ${cluster["proxy-url"]} (proxy-url), and only direct connections are made here`,
      );
    }
    const { exec } = user;
    const provider = user["auth-provider"]?.name;
    if (provider && !exec && !user.token) {
      throw unreachable(
        `The user of context "${context}" signs in by auth-provider "${provider}", and only certificates, tokens and exec plugins are known here`,
      );
    }
    const given = exec ? await this.#fromPlugin(exec) : nothing;
    const token = given.token ?? user.token ?? readIfNamed(user.tokenFile)?.toString().trim();
    const basic = user.username ? `${user.username}:${user.password ?? ""}` : undefined;
    return {
      headers: {
        ...(token
          ? { authorization: `Bearer ${token}` }
          : basic
            ? { authorization: `Basic ${Buffer.from(basic).toString("base64")}` }
            : {}),
        ...(user.as ? { "impersonate-user": user.as } : {}),
      },
      tls: this.#tlsWith(given),
    };
  }

  /** The same object as long as nothing changes, so that connections made with it can be kept. */
  #tlsWith(given: PluginStatus): Credentials["tls"] {
    if (this.#tls?.from === given) return this.#tls.tls;
    const { cluster, user } = this.access;
    const tls = {
      ca: dataOrFile(cluster["certificate-authority-data"], cluster["certificate-authority"]),
      cert:
        given.clientCertificateData ??
        dataOrFile(user["client-certificate-data"], user["client-certificate"]),
      key: given.clientKeyData ?? dataOrFile(user["client-key-data"], user["client-key"]),
      servername: cluster["tls-server-name"],
      ...(cluster["insecure-skip-tls-verify"] ? { rejectUnauthorized: false } : {}),
    };
    this.#tls = { from: given, tls };
    return tls;
  }

  /** Forgets what a plugin gave, because the server refused it. Was there anything to forget? */
  renew(): boolean {
    const had = this.#plugin !== undefined;
    this.#plugin = undefined;
    return had;
  }

  async #fromPlugin(exec: ExecPlugin): Promise<PluginStatus> {
    if (this.#plugin && Date.now() < this.#plugin.until) return this.#plugin.status;
    const asked = { until: Infinity, status: runPlugin(this.access, exec) };
    this.#plugin = asked;
    try {
      const status = await asked.status;
      const expires = Date.parse(status.expirationTimestamp ?? "");
      if (!Number.isNaN(expires)) asked.until = expires - earlyMs;
      return status;
    } catch (error) {
      this.#plugin = undefined;
      throw error;
    }
  }
}

interface PluginStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  /** Missing: good until the server refuses it. */
  readonly expirationTimestamp?: string;
}

/** What a user without a plugin has of it. */
const nothing: PluginStatus = {};

/** Runs a credential plugin by the protocol of `client.authentication.k8s.io`. Its output is never quoted. */
async function runPlugin({ context, cluster }: Access, exec: ExecPlugin): Promise<PluginStatus> {
  const { command, args, env, apiVersion } = exec;
  const info = {
    apiVersion,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}),
    },
  };
  const environment = {
    ...process.env,
    ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  };
  const failed = (why: string) =>
    unreachable(`The credential plugin "${command}" of context "${context}" ${why}`);
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(
      command,
      [...(args ?? [])],
      { env: environment, timeout: pluginTimeoutMs },
      (error, out, complaint) => {
        if (!error) return resolve(out);
        const hint = exec.installHint?.trim().split("\n")[0];
        if (error.code === ("ENOENT" as unknown)) {
          return reject(failed(`was not found${hint ? ` (${hint})` : ""}`));
        }
        const said = complaint.trim().split("\n").at(-1)?.slice(0, 200);
        const end = error.killed ? "took too long" : `failed with exit code ${String(error.code)}`;
        reject(failed(`${end}${said ? ` (${said})` : ""}`));
      },
    );
  });
  try {
    const { status } = JSON.parse(stdout) as { status?: PluginStatus };
    if (status?.token ?? status?.clientCertificateData) return status!;
  } catch {
    // Said below.
  }
  throw failed("gave no credentials");
}

function clusterInfo(cluster: KubeCluster): object {
  const ca = dataOrFile(
    cluster["certificate-authority-data"],
    cluster["certificate-authority"],
  )?.toString("base64");
  return {
    server: cluster.server,
    ...(ca ? { "certificate-authority-data": ca } : {}),
    ...(cluster["tls-server-name"] ? { "tls-server-name": cluster["tls-server-name"] } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { "insecure-skip-tls-verify": true } : {}),
  };
}

function dataOrFile(data: string | undefined, file: string | undefined): Buffer | undefined {
  return data ? Buffer.from(data, "base64") : readIfNamed(file);
}

function readIfNamed(file: string | undefined): Buffer | undefined {
  if (!file) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unreachable(`${file}, which the kubeconfig names, can't be read (${code})`);
  }
}
