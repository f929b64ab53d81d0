import { readFile } from "node:fs/promises";
import { quoted, RegistryError } from "./errors";
import {
  type Attempted,
  badAnswer,
  type Failure,
  failureOfAnswer,
  failureOfFetch,
  timedOut,
  tooManyBytes,
  withoutCredentials,
} from "./http-failures";

/** A token is sent as `Bearer`; a user name and password as `Basic`. The token wins when both are given. */
export interface Credentials {
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
}

export interface HttpOptions {
  /** Base address; may have a path prefix, such as `https://host/org/repo.mlflow`. */
  readonly uri: string;
  readonly credentials?: Credentials;
  /** PEM file of a private CA, trusted besides the public ones. */
  readonly caFile?: string | null;
  /** Longest wait for one answer, retries included. */
  readonly timeoutSeconds: number;
}

export interface HttpRequest {
  /** Completes "Could not …" in an error, such as `get version 2 of model "churn"`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Below the base address, with a leading slash, already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  /** Raw body of known size, made anew for the one attempt. */
  readonly body?: { readonly stream: () => AsyncIterable<Uint8Array>; readonly sizeBytes: number };
  /** A search sent by POST changes nothing, so it may be repeated like a GET. */
  readonly repeatable?: boolean;
}

type Fetch = (url: string, init: RequestInit & { dispatcher?: unknown }) => Promise<Response>;

/** Pauses before the second and the third attempt, in milliseconds. */
const pauses = [100, 300];
/** Longest silence while bytes of an artifact move: a server may pass them on to a store before it answers. */
const transferSilenceSeconds = 120;
/** No answer of the REST API is near this size. */
const maxJsonBytes = 32 * 1024 * 1024;

/**
 * HTTP for a registry: credentials, private CA, time limits, and retries of reads only. Every failure is a
 * `RegistryError`. `fetch` itself drops the credentials when a redirect leads to another origin.
 */
export class Http {
  /** Base address without credentials and trailing slash: the one messages show. */
  readonly base: string;
  readonly #authorization: string | undefined;
  readonly #timeoutSeconds: number;
  readonly #caFile: string | null;
  readonly #deadline: number | null;
  #fetch: Promise<Fetch> | undefined;

  constructor(options: HttpOptions, deadline: number | null = null) {
    const url = baseUrl(options.uri);
    this.base = withoutCredentials(url.href).replace(/\/+$/, "");
    this.#authorization = authorization(options.credentials ?? {}, url);
    this.#timeoutSeconds = options.timeoutSeconds;
    this.#caFile = options.caFile ?? null;
    this.#deadline = deadline;
  }

  /** The answer's JSON. */
  async json(request: HttpRequest): Promise<unknown> {
    return this.#exchange(request, async (response, attempted) => {
      const text = (await readBounded(response, maxJsonBytes, attempted)).toString("utf8");
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw badAnswer(attempted, `it answered ${notJson(text)}`, response.status).error;
      }
    });
  }

  /** The answer's bytes, at most `maxBytes` of them. */
  async bytes(request: HttpRequest, maxBytes: number): Promise<Buffer> {
    return this.#exchange(request, (response, attempted) =>
      readBounded(response, maxBytes, attempted),
    );
  }

  /**
   * The answer's bytes as they come, however many. The time limit holds for the answer's head; after it, only a
   * long silence ends the transfer. Nothing is repeated once bytes were handed out.
   */
  async stream(request: HttpRequest): Promise<AsyncIterable<Uint8Array>> {
    const controller = new AbortController();
    const response = await this.#exchange(request, async (answer) => answer, controller);
    return moving(response, controller, this.#attempted(request));
  }

  /** The error for an answer of the wrong shape, in the words of the request. */
  badShape(request: HttpRequest, problem: string): RegistryError {
    return badAnswer(this.#attempted(request), problem).error;
  }

  #attempted(request: HttpRequest): Attempted {
    return {
      what: request.what,
      method: request.method,
      address: this.base + request.path,
    };
  }

  async #exchange<T>(
    request: HttpRequest,
    read: (response: Response, attempted: Attempted) => Promise<T>,
    controller?: AbortController,
  ): Promise<T> {
    const attempted = this.#attempted(request);
    const started = Date.now();
    const allowed = request.body ? transferSilenceSeconds : this.#timeoutSeconds;
    const deadline = Math.min(this.#deadline ?? Infinity, started + allowed * 1000);
    const repeatable = request.method === "GET" || request.repeatable === true;
    for (let attempt = 0; ; attempt++) {
      const abort = controller ?? new AbortController();
      const timer = setTimeout(() => abort.abort(), Math.max(0, deadline - Date.now()));
      let failure: Failure;
      try {
        const response = await this.#send(request, abort.signal);
        if (response.ok) {
          return await read(response, attempted);
        }
        const body = await beginning(response);
        failure = failureOfAnswer(
          attempted,
          response.status,
          body,
          response.headers.get("location"),
        );
      } catch (error) {
        failure = abort.signal.aborted
          ? timedOut(attempted, (Date.now() - started) / 1000)
          : error instanceof RegistryError
            ? { error, passing: false }
            : failureOfFetch(attempted, error);
      } finally {
        clearTimeout(timer);
      }
      const pause = pauses[attempt];
      if (!failure.passing || !repeatable || pause === undefined || Date.now() + pause >= deadline) {
        throw failure.error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    this.#fetch ??= fetchTrusting(this.#caFile);
    const fetch = await this.#fetch;
    const headers: Record<string, string> = {};
    if (this.#authorization) {
      headers["authorization"] = this.#authorization;
    }
    if (request.json !== undefined) {
      headers["content-type"] = "application/json";
    }
    if (request.body) {
      headers["content-length"] = String(request.body.sizeBytes);
    }
    return fetch(this.base + request.path + queryString(request.query), {
      method: request.method,
      headers,
      // A redirected POST would be repeated as a GET, so only reads follow.
      redirect: request.method === "GET" ? "follow" : "manual",
      signal,
      ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }),
      ...(request.body ? { body: request.body.stream() as never, duplex: "half" as const } : {}),
    });
  }
}

/** The platform's `fetch`; undici's own when a private CA asks for a dispatcher, which the two don't share. */
async function fetchTrusting(caFile: string | null): Promise<Fetch> {
  if (caFile === null) {
    return globalThis.fetch as Fetch;
  }
  const pem = await readFile(caFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new RegistryError(
      "refused",
      `Could not read the CA file ${caFile} (${error.code}); give a readable PEM file in tollgate:trackingServer.caFile.`,
    );
  });
  const [{ Agent, fetch }, { rootCertificates }] = await Promise.all([
    import("undici"),
    import("node:tls"),
  ]);
  const dispatcher = new Agent({ connect: { ca: [...rootCertificates, pem] } });
  return (url, init) => fetch(url, { ...init, dispatcher } as never) as unknown as Promise<Response>;
}

function baseUrl(uri: string): URL {
  let url: URL | null = null;
  try {
    url = new URL(uri);
  } catch {
    // Falls through to the one message below.
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new RegistryError(
      "refused",
      `The registry's address "${withoutCredentials(uri)}" is not an http or https address; correct tollgate:trackingServer.uri.`,
    );
  }
  return url;
}

function authorization({ token, username, password }: Credentials, url: URL): string | undefined {
  if (token) {
    return `Bearer ${token}`;
  }
  const user = username || decodeURIComponent(url.username);
  const secret = password || decodeURIComponent(url.password);
  return user ? `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` : undefined;
}

function queryString(query: HttpRequest["query"]): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : "";
}

async function readBounded(
  response: Response,
  maxBytes: number,
  attempted: Attempted,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw tooManyBytes(attempted, maxBytes).error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The first 64 KiB of an error's body: enough for MLflow's error document. */
async function beginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > 65536) {
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function* moving(
  response: Response,
  controller: AbortController,
  attempted: Attempted,
): AsyncGenerator<Uint8Array> {
  const silence = transferSilenceSeconds;
  const timer = setTimeout(() => controller.abort(), silence * 1000);
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    throw controller.signal.aborted
      ? timedOut(attempted, silence).error
      : failureOfFetch(attempted, error).error;
  } finally {
    clearTimeout(timer);
  }
}

function notJson(text: string): string {
  return /^\s*</.test(text)
    ? "a page of HTML instead of JSON"
    : text.trim() === ""
      ? "nothing instead of JSON"
      : `"${quoted(text, 60)}" instead of JSON`;
}
