import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";

/** One request as it goes out. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body as it comes. */
export interface WireAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the body unread. */
  readonly discard: () => void;
}

/** A read redirected too often. */
export class RedirectLoop extends Error {}

const redirects = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 5;
/** Shorter than the 5 s after which MLflow's server closes an idle connection: a POST must not meet a closed one. */
const idleMs = 4000;

/**
 * Connections to one registry, kept alive between requests. Node's own HTTP and not `fetch`: loading `fetch` takes
 * some 40 ms, which every preview would pay, and it unpacks bodies whose exact bytes a digest is taken of.
 */
export class Wire {
  readonly #ca: readonly string[] | undefined;
  readonly #agents = new Map<string, Agent>();

  /** `ca`: what to trust instead of the platform's authorities. */
  constructor(ca?: readonly string[]) {
    this.#ca = ca;
  }

  /** Sends a request. Reads follow redirects, and leave the credentials behind when they lead to another origin. */
  async send(request: WireRequest): Promise<WireAnswer> {
    let { url, headers } = request;
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const answer = await this.#sendOnce({ ...request, url, headers });
      const location = answer.header("location");
      if (request.method !== "GET" || !redirects.has(answer.status) || location === null) {
        return answer;
      }
      answer.discard();
      const next = new URL(location, url);
      if (next.origin !== url.origin) {
        headers = withoutAuthorization(headers);
      }
      url = next;
    }
    throw new RedirectLoop(`more than ${mostRedirects} redirects`);
  }

  async #sendOnce(request: WireRequest): Promise<WireAnswer> {
    const { method, url, headers, body, signal } = request;
    const secure = url.protocol === "https:";
    const http = secure ? await import("node:https") : await import("node:http");
    let agent = this.#agents.get(url.protocol);
    if (!agent) {
      agent = new http.Agent({ keepAlive: true, timeout: idleMs });
      this.#agents.set(url.protocol, agent);
    }
    const options: RequestOptions & { ca?: string[] } = { method, headers, agent, signal };
    if (secure && this.#ca) {
      options.ca = [...this.#ca];
    }
    return new Promise((resolve, reject) => {
      const outgoing = http.request(url, options, (answer) => {
        // A server that has said no need not take the rest of an upload.
        answer.once("end", () => outgoing.writableFinished || outgoing.destroy());
        resolve(wireAnswer(answer));
      });
      outgoing.on("error", reject);
      write(outgoing, body).catch(reject);
    });
  }
}

async function write(outgoing: ClientRequest, body: WireRequest["body"]): Promise<void> {
  if (body === undefined || typeof body === "string") {
    outgoing.end(body);
    return;
  }
  const { pipeline } = await import("node:stream/promises");
  await pipeline(body, outgoing);
}

function wireAnswer(answer: IncomingMessage): WireAnswer {
  return {
    status: answer.statusCode ?? 0,
    header: (name) => {
      const value = answer.headers[name];
      return typeof value === "string" ? value : null;
    },
    body: answer,
    discard: () => answer.destroy(),
  };
}

function withoutAuthorization(headers: WireRequest["headers"]): WireRequest["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}
