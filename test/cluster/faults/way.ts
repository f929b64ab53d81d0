import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: { server: string; "tls-server-name"?: string } }[];
  users: { name: string; user: object }[];
}

/** A kubeconfig of its own, whose way to the cluster can be cut: nobody else in the cluster meets the fault. */
export interface Way {
  /** Absolute path. */
  readonly kubeconfig: string;
  /** Nothing comes through, and connections stay open: as with an API server that hangs. */
  hold(): void;
  /** Connections end and no new ones are accepted: as with an API server that is gone. */
  cut(): Promise<void>;
  /** Lets everything through again. */
  restore(): Promise<void>;
  /** Does some work with the file missing. */
  without<T>(work: () => Promise<T>): Promise<T>;
  /** Does some work as another user, who shows a token. */
  as<T>(token: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a way to the API server of a kubeconfig's current context. */
export async function openWay(original: string): Promise<Way> {
  const config = parse(readFileSync(original, "utf8")) as Kubeconfig;
  const { context } = config.contexts.find(({ name }) => name === config["current-context"])!;
  const { cluster } = config.clusters.find(({ name }) => name === context.cluster)!;
  const target = new URL(cluster.server);
  const open = new Set<Socket>();
  let held = false;

  const server = createServer((near) => {
    const far = connect(Number(target.port || 443), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.on("data", (data: Buffer) => to.write(data));
      from.on("end", () => to.end());
    }
    if (held) for (const socket of [near, far]) socket.pause();
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const end = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const folder = mkdtempSync(path.join(tmpdir(), "tollgate-way-"));
  const kubeconfig = path.join(folder, "kubeconfig");
  // An address of this machine's own is what the certificate of a local API server names anyway.
  if (target.hostname !== "127.0.0.1") cluster["tls-server-name"] ??= target.hostname;
  cluster.server = `https://127.0.0.1:${port}${target.pathname.replace(/\/$/, "")}`;
  const write = (changed: Kubeconfig) =>
    writeFileSync(kubeconfig, stringify(changed), { mode: 0o600 });
  write(config);

  /** Does some work and puts the file back. */
  async function during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      write(config);
    }
  }
  return {
    kubeconfig,
    hold() {
      held = true;
      for (const socket of open) socket.pause();
    },
    cut: end,
    async restore() {
      held = false;
      for (const socket of open) socket.resume();
      if (!server.listening) await listen(port);
    },
    without(work) {
      rmSync(kubeconfig);
      return during(work);
    },
    as(token, work) {
      write({ ...config, users: [{ name: context.user, user: { token } }] });
      return during(work);
    },
    async close() {
      if (server.listening) await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
