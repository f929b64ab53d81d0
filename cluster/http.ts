import type { Agent, IncomingMessage } from "node:http";
import type { Cluster, RequestOptions } from "./cluster";
import { ClusterError } from "./cluster";
import { type Credentials, CredentialSource } from "./credentials";
import {
  type Asked,
  type Failure,
  failureOfAnswer,
  failureOfConnection,
  inWords,
  timedOut,
} from "./failures";
import type { Access } from "./kubeconfig";

/** Pauses before the attempts after the first, in milliseconds: an API server that restarts is back after a moment. */
const pauses = [100, 400, 1000];
/** Longest wait for one answer, in milliseconds, where nothing else is asked for. */
const defaultTimeoutMs = 15_000;
/** Shorter than any load balancer's limit, so that a request never meets a closed connection. */
const idleMs = 4000;

type Method = Parameters<Cluster["request"]>[0];

/**
 * Requests to one API server. Node's own HTTP: the library's client would bring every type of the API with it. Reads
 * are repeated when the server is away for a moment; anything is that can't have arrived. Every failure is a
 * ClusterError.
 */
export class ApiServer {
  /** Without a trailing slash. */
  readonly server: string;
  readonly source: CredentialSource;
  #agent: { tls: Credentials["tls"]; agent: Agent } | undefined;

  constructor(readonly access: Access) {
    this.server = access.cluster.server.replace(/\/+$/, "");
    this.source = new CredentialSource(access);
  }

  /** One request; the text of its answer. */
  async send(method: Method, path: string, options: RequestOptions = {}): Promise<string> {
    const asked: Asked = { server: this.server, context: this.access.context, method, path };
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const deadline = Date.now() + timeoutMs;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#attempt(asked, options, deadline, timeoutMs);
      if (typeof failure === "string") return failure;
      const pause = pauses[attempt];
      const repeatable = failure.passing && (method === "GET" || failure.unsent);
      if (!repeatable || pause === undefined || Date.now() + pause >= deadline) throw failure.error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (options.signal?.aborted) throw failure.error;
    }
  }

  async #attempt(
    asked: Asked,
    options: RequestOptions,
    deadline: number,
    timeoutMs: number,
  ): Promise<string | Failure> {
    for (let renewed = false; ; renewed = true) {
      const limit = AbortSignal.timeout(Math.max(1, deadline - Date.now()));
      const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
      try {
        const { status, body } = await this.#exchange(asked, options, signal);
        if (status >= 200 && status < 300) return body;
        if (status === 401 && !renewed && this.source.renew()) continue;
        return failureOfAnswer(asked, status, body);
      } catch (error) {
        if (error instanceof ClusterError) throw error;
        if (options.signal?.aborted) {
          const text = `The request to ${inWords(asked)} at ${this.server} was given up.`;
          throw new ClusterError("unavailable", text);
        }
        return limit.aborted ? timedOut(asked, timeoutMs) : failureOfConnection(asked, error);
      }
    }
  }

  async #exchange(
    { method, path }: Asked,
    { body, contentType }: RequestOptions,
    signal: AbortSignal,
  ): Promise<{ status: number; body: string }> {
    const url = new URL(this.server + path);
    const http = url.protocol === "http:" ? await import("node:http") : await import("node:https");
    const { headers, tls } = await this.source.credentials();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const agent = this.#agentFor(http, tls);
    return new Promise((resolve, reject) => {
      const outgoing = http.request(
        url,
        {
          method,
          agent,
          signal,
          headers: {
            ...headers,
            accept: "application/json, */*",
            ...(text === undefined
              ? {}
              : {
                  "content-type": contentType ?? "application/json",
                  "content-length": Buffer.byteLength(text),
                }),
          },
        },
        (answer) => {
          readText(answer).then(
            (read) => resolve({ status: answer.statusCode ?? 0, body: read }),
            reject,
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(text);
    });
  }

  /** Connections are kept between requests, and not beyond a change of the credentials they were made with. */
  #agentFor(http: { Agent: new (options: object) => Agent }, tls: Credentials["tls"]): Agent {
    if (this.#agent?.tls !== tls) {
      this.#agent?.agent.destroy();
      const agent = new http.Agent({ keepAlive: true, timeout: idleMs, ...tls });
      this.#agent = { tls, agent };
    }
    return this.#agent.agent;
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
