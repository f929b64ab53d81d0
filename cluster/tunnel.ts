import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Tunnel } from "./cluster";
import { ClusterError } from "./cluster";
import type { PodPort } from "./endpoints";
import { oneLine } from "./failures";
import type { ApiServer } from "./http";
import { openStream, type PodStream } from "./pod-stream";

/** A tunnel that can tell why its last connection failed. */
export interface ExplainedTunnel extends Tunnel {
  /** Null when it didn't. */
  problem(): ClusterError | null;
}

/** Bytes that may wait on their way into the cluster before the caller is asked to wait. */
const mostWaiting = 1024 * 1024;

/**
 * Silence after which a caller that has said all it will say is taken as gone, in milliseconds. A port-forward can't
 * tell a pod that no more will come, so the pod's answer may still be under way.
 */
const lingerMs = 30_000;

/**
 * Listens on a free port of loopback and carries each connection to a pod.
 *
 * @param pods asked anew for each connection; tried in turn until one takes it
 */
export async function openTunnel(
  api: ApiServer,
  namespace: string,
  pods: () => Promise<readonly PodPort[]>,
): Promise<ExplainedTunnel> {
  let problem: ClusterError | null = null;
  let turn = 0;
  const open = new Set<Socket>();
  const connect = async (): Promise<PodStream> => {
    const ready = await pods();
    const start = turn++;
    let failed: unknown;
    for (let step = 0; step < ready.length; step++) {
      const { pod, port } = ready[(start + step) % ready.length]!;
      try {
        return await openStream(api, namespace, pod, port);
      } catch (error) {
        failed = error;
      }
    }
    throw failed;
  };
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
    (local) => {
      open.add(local);
      local.unref();
      local.on("close", () => open.delete(local));
      local.on("error", () => local.destroy());
      connect().then(
        (stream) =>
          carry(local, stream, (why) => {
            problem = why;
          }),
        (error: unknown) => {
          problem = asClusterError(error);
          local.resetAndDestroy();
        },
      );
    },
  );
  const { port } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    problem: () => problem,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const local of open) local.destroy();
      await closed;
    },
  };
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      server.unref();
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Carries bytes both ways, each no faster than the other side takes them. */
function carry(
  local: Socket,
  stream: PodStream,
  note: (problem: ClusterError | null) => void,
): void {
  note(null);
  if (local.destroyed) return stream.close();
  stream.onData((bytes) => {
    if (!local.write(bytes)) {
      stream.pause();
      local.once("drain", () => stream.resume());
    }
  });
  stream.onEnd((problem) => {
    if (problem) note(problem);
    if (problem) local.resetAndDestroy();
    else local.end();
  });
  local.on("data", (bytes: Buffer) => {
    stream.send(bytes, () => {
      if (local.isPaused() && stream.waiting() < mostWaiting) local.resume();
    });
    if (stream.waiting() >= mostWaiting) local.pause();
  });
  local.on("end", () => {
    local.setTimeout(lingerMs, () => local.destroy());
  });
  local.on("close", () => stream.close());
  local.resume();
}

function asClusterError(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { message } = error as Error;
  return new ClusterError("unavailable", `The way into the cluster broke (${oneLine(message)}).`);
}
