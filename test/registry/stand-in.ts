import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";

/** A request as the stand-in got it. */
export interface Received {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly bytes: Buffer;
}

export interface Answer {
  /** @default 200 */
  readonly status?: number;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before anything is sent. */
  readonly delayMs?: number;
  /** Announce the whole body but break the connection after this many bytes. */
  readonly breakAfterBytes?: number;
}

export interface StandIn {
  readonly uri: string;
  readonly received: Received[];
  close(): Promise<void>;
}

type Reply = (request: Received, count: number) => Answer | "reset";

/** A local server that answers, or misbehaves, as told. `count` is the number of requests so far, from 1. */
export async function standIn(reply: Reply, tls?: ServerOptions): Promise<StandIn> {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const bytes = Buffer.concat(chunks);
      const got = { method, url, headers, body: bytes.toString("utf8"), bytes };
      received.push(got);
      const answer = reply(got, received.length);
      if (answer === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      setTimeout(() => send(response, answer), answer.delayMs ?? 0).unref();
    });
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    uri: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function send(response: Parameters<RequestListener>[1], answer: Answer): void {
  const { status = 200, body = {}, headers = {}, breakAfterBytes } = answer;
  const isText = typeof body === "string" || Buffer.isBuffer(body);
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(isText ? String(body) : JSON.stringify(body));
  response.writeHead(status, {
    "content-type": isText ? "text/plain" : "application/json",
    "content-length": String(bytes.length),
    ...headers,
  });
  if (breakAfterBytes === undefined) {
    response.end(bytes);
  } else {
    response.write(bytes.subarray(0, breakAfterBytes), () => response.destroy());
  }
}
