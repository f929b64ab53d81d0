import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { PassThrough } from "node:stream";
import { ClusterError } from "./cluster";
import { failureOfAnswer, failureOfConnection, oneLine } from "./failures";
import type { ApiServer } from "./http";

/** One connection to a port of a pod, through the API server. */
export interface PodStream {
  send(bytes: Buffer, sent: () => void): void;
  /** Bytes that were sent and didn't leave yet. */
  waiting(): number;
  onData(take: (bytes: Buffer) => void): void;
  /** Called once; with what the node said when the pod didn't take the connection. */
  onEnd(ended: (problem: ClusterError | null) => void): void;
  pause(): void;
  resume(): void;
  close(): void;
}

/** What the library gives for a connection: a socket of the package `ws`. */
interface WebSocketOfWs {
  readonly bufferedAmount: number;
  send(bytes: Buffer, sent: () => void): void;
  pause(): void;
  resume(): void;
  close(): void;
  terminate(): void;
  on(event: "close" | "error", listener: () => void): void;
}

/** Channels of a port-forward, as the first byte of each message tells them. */
const data = 0;

/** A connection's silence is none of our business, but its opening has a limit, in milliseconds. */
const handshakeTimeoutMs = 15_000;

/**
 * Opens a port-forward. Only the library's handler of its WebSocket is loaded, not its client of the whole API.
 *
 * @throws ClusterError
 */
export async function openStream(
  api: ApiServer,
  namespace: string,
  pod: string,
  port: number,
): Promise<PodStream> {
  const { WebSocketHandler } = await import("@kubernetes/client-node/dist/web-socket-handler.js");
  const { headers, tls } = await api.source.credentials();
  const agent = await unreferencedAgent(api.server, tls);
  const config = {
    getCurrentCluster: () => ({ server: api.server }),
    applyToHTTPSOptions: (options: object) => {
      Object.assign(options, { headers, agent, handshakeTimeout: handshakeTimeoutMs, ...tls });
      return Promise.resolve();
    },
  };
  // Its default streams are the process's own, which must not be opened.
  const none = new PassThrough();
  const handler = new WebSocketHandler(config as unknown as KubeConfig, undefined, {
    stdin: none,
    stdout: none,
    stderr: none,
  });
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
  const incoming = new Incoming(pod, port);
  let socket: WebSocketOfWs;
  try {
    socket = (await handler.connect(path, null, (channel, bytes) => {
      incoming.take(channel, bytes);
      return true;
    })) as unknown as WebSocketOfWs;
  } catch (event) {
    const { error } = event as { error?: Error };
    const asked = { server: api.server, context: api.access.context, method: "GET", path };
    const status = /^Unexpected server response: (\d+)$/.exec(error?.message ?? "")?.[1];
    if (status === undefined)
      throw failureOfConnection(asked, error ?? new Error("no answer")).error;
    const right = `it needs the right to get and create pods/portforward in namespace "${namespace}"`;
    const body = status === "403" ? right : `HTTP ${status} to a port-forward to pod ${pod}`;
    throw failureOfAnswer(asked, Number(status), JSON.stringify({ message: body })).error;
  }
  socket.on("error", () => socket.terminate());
  socket.on("close", () => incoming.end());
  return {
    send: (bytes, sent) => socket.send(Buffer.concat([Buffer.of(data), bytes]), sent),
    waiting: () => socket.bufferedAmount,
    onData: (take) => incoming.onData(take),
    onEnd: (ended) => incoming.onEnd(ended),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(),
  };
}

/** What a pod says, kept until somebody listens. */
class Incoming {
  readonly #begun = new Set<number>();
  #early: Buffer[] = [];
  #take: ((bytes: Buffer) => void) | undefined;
  #ended: ((problem: ClusterError | null) => void) | undefined;
  #problem: ClusterError | null = null;
  #over = false;

  constructor(
    private readonly pod: string,
    private readonly port: number,
  ) {}

  take(channel: number, message: Buffer): void {
    // The first message of a channel begins with the port's number.
    const bytes = this.#begun.has(channel) ? message : message.subarray(2);
    this.#begun.add(channel);
    if (bytes.length === 0) return;
    if (channel !== data) this.#problem = this.#refused(bytes.toString("utf8"));
    else if (this.#take) this.#take(bytes);
    else this.#early.push(bytes);
  }

  onData(take: (bytes: Buffer) => void): void {
    this.#take = take;
    for (const bytes of this.#early) take(bytes);
    this.#early = [];
  }

  onEnd(ended: (problem: ClusterError | null) => void): void {
    this.#ended = ended;
    if (this.#over) this.end();
  }

  end(): void {
    this.#over = true;
    this.#ended?.(this.#problem);
    this.#ended = undefined;
  }

  #refused(said: string): ClusterError {
    const why = /connection refused/.test(said) ? "nothing listens there" : oneLine(said, 200);
    return new ClusterError(
      "unavailable",
      `Pod ${this.pod} took no connection to port ${this.port} (${why}): see \`tollgate logs\`.`,
    );
  }
}

/** Connections that keep no process alive. */
async function unreferencedAgent(server: string, tls: object): Promise<object> {
  const http = server.startsWith("http:") ? await import("node:http") : await import("node:https");
  const agent = new http.Agent({ keepAlive: false, ...tls });
  const make = agent.createConnection.bind(agent);
  agent.createConnection = (options, made) => {
    const socket = make(options, made);
    if (socket && "unref" in socket) (socket as { unref(): void }).unref();
    return socket;
  };
  return agent;
}
