import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ClusterAddress } from "../../cluster/address";

/** What the stand-in answers: a status, and a text or a document. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

/** One request that the stand-in got. */
export interface Seen {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A stand-in for an API server, over plain HTTP. */
export interface StandIn {
  readonly url: string;
  readonly seen: Seen[];
  /** Answers by `<method> <path without its query>`; a function is asked each time. Everything else is 404. */
  readonly answers: Record<string, Answer | (() => Answer)>;
  /** Ports of 127.0.0.1 that a port-forward leads to, by pod. */
  readonly pods: Record<string, number>;
  /** Ends all connections as a pod that dies does. */
  cutForwards(): void;
  /** A kubeconfig that names it, in a folder that `close` removes. */
  address(namespace: string, user?: object): ClusterAddress;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startApiServer(): Promise<StandIn> {
  const seen: Seen[] = [];
  const answers: StandIn["answers"] = {};
  const pods: StandIn["pods"] = {};
  const sockets = new Set<Socket>();
  const folder = mkdtempSync(path.join(tmpdir(), "tollgate-api-server-"));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      const known = answers[`${method} ${url.split("?")[0]}`];
      const missing = { status: 404, body: { kind: "Status", message: "the server has none" } };
      const { status = 200, body = {} } =
        (typeof known === "function" ? known() : known) ?? missing;
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  const forwards = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const pod = /\/pods\/([^/]+)\/portforward/.exec(request.url ?? "")?.[1] ?? "";
    const port = pods[pod];
    if (port === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    forwards.add(socket);
    socket.on("close", () => forwards.delete(socket));
    forward(request, socket, port);
  });
  const port = await listening(server);
  const url = `http://127.0.0.1:${port}`;
  let files = 0;
  return {
    url,
    seen,
    answers,
    pods,
    cutForwards: () => forwards.forEach((socket) => socket.destroy()),
    address(namespace, user = { token: "secret" }) {
      const kubeconfig = path.join(folder, `config-${files++}`);
      const config = {
        "current-context": "test",
        contexts: [{ name: "test", context: { cluster: "test", user: "ada" } }],
        clusters: [{ name: "test", cluster: { server: url } }],
        users: [{ name: "ada", user }],
      };
      writeFileSync(kubeconfig, JSON.stringify(config));
      return { kubeconfig, context: null, namespace };
    },
    async close() {
      rmSync(folder, { recursive: true, force: true });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** The node's side of a port-forward, by the WebSocket protocol: channel 0 carries bytes, 1 what went wrong. */
function forward(request: IncomingMessage, socket: Socket, port: number): void {
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
  );
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  for (const channel of [0, 1]) socket.write(frame(channel, number));
  const target = connect(port, "127.0.0.1");
  target.on("data", (bytes) => {
    if (!socket.write(frame(0, bytes))) {
      target.pause();
      socket.once("drain", () => target.resume());
    }
  });
  target.on("error", (error) => socket.write(frame(1, Buffer.from(error.message))));
  target.on("close", () => socket.end(Buffer.from([0x88, 0])));
  socket.on("error", () => target.destroy());
  socket.on("close", () => target.destroy());
  let rest = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let read = unframe(rest); read; read = unframe(rest)) {
      rest = read.rest;
      if (read.closes) target.destroy();
      else if (!target.write(read.payload.subarray(1))) {
        socket.pause();
        target.once("drain", () => socket.resume());
      }
    }
  });
}

function frame(channel: number, bytes: Buffer): Buffer {
  const length = bytes.length + 1;
  const head =
    length < 126 ? Buffer.from([0x82, length]) : Buffer.from([0x82, 127, ...eight(length)]);
  return Buffer.concat([head, Buffer.of(channel), bytes]);
}

function eight(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

/** The first whole frame, unmasked; null when there is none yet. */
function unframe(
  bytes: Buffer,
): { payload: Buffer; closes: boolean; rest: Buffer<ArrayBuffer> } | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 127;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start + 4) return null;
  const length =
    short === 126
      ? bytes.readUInt16BE(2)
      : short === 127
        ? Number(bytes.readBigUInt64BE(2))
        : short;
  const end = start + 4 + length;
  if (bytes.length < end) return null;
  const mask = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(start + 4, end));
  for (let index = 0; index < payload.length; index++) payload[index]! ^= mask[index % 4]!;
  return { payload, closes: (bytes[0]! & 15) === 8, rest: Buffer.from(bytes.subarray(end)) };
}
