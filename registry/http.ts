import { readFile } from "node:fs/promises";
import { RegistryError } from "./errors";
import { notJson, observed, readBeginning, readBounded, readMoving } from "./http-bodies";
import { Wire, type WireAnswer } from "./http-wire";
import {
  type Attempted,
  badAnswer,
  type Failure,
  failureOfAnswer,
  failureOfConnection,
  noWay,
  timedOut,
  withoutCredentials,
} from "./http-failures";

/** A token is sent as `Bearer`; a user name and password as `Basic`. The token wins when both are given. */
export interface Credentials {
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
}

/** How a server is reached that its address doesn't lead to from here, such as one inside a cluster. */
export interface Way {
  /** Base address to use instead. Throws an error of one sentence when there is none. */
  open(): Promise<string>;
  /** Why the last connection failed beyond that address; null when it didn't. */
  problem(): Error | null;
}

export interface HttpOptions {
  /** Base address; may have a path prefix, such as `https://host/org/repo.mlflow`. */
  readonly uri: string;
  /** A function is asked with each request: a password may be made or changed meanwhile. */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
  /** PEM file of a private CA, trusted besides the public ones. */
  readonly caFile?: string | null;
  /** Longest wait for one answer, retries included. */
  readonly timeoutSeconds: number;
  /** @default the address itself */
  readonly way?: Way | null;
  /** The command that starts the server, for errors. @default none: somebody else keeps it */
  readonly startedBy?: string | null;
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
  /** An HTML page is somebody else's answer (a login page, a fallback), not the artifact asked for. */
  readonly refuseHtml?: boolean;
  /** A search sent by POST changes nothing, so it may be repeated like a GET. */
  readonly repeatable?: boolean;
}

/** Pauses before the second and the third attempt, in milliseconds. */
const pauses = [100, 300];
/** Longest silence while bytes of an artifact move: a server may pass them on to a store before it answers. */
const transferSilenceSeconds = 120;
/** No answer of the REST API is near this size. */
const maxJsonBytes = 32 * 1024 * 1024;

/**
 * HTTP for a registry: credentials, private CA, time limits, and retries of reads only. Every failure is a
 * `RegistryError`, and none of them shows credentials.
 */
export class Http {
  /** Base address without credentials and trailing slash: the one messages show. */
  readonly base: string;
  readonly #options: HttpOptions;
  readonly #authorization: () => Promise<string | undefined>;
  /** In `Date.now()`'s milliseconds; infinite unless made by `until`. */
  #deadline = Infinity;
  /** Made at the first request, shared by all that `until` makes. */
  #connect: () => Promise<Wire>;

  constructor(options: HttpOptions) {
    const url = baseUrl(options.uri);
    this.base = withoutCredentials(url.href).replace(/\/+$/, "");
    const { credentials = {} } = options;
    this.#authorization = async () =>
      authorization(typeof credentials === "function" ? await credentials() : credentials, url);
    this.#options = options;
    let wire: Promise<Wire> | undefined;
    this.#connect = () => (wire ??= wireTrusting(options.caFile ?? null));
  }

  /** The longest wait for one answer, in seconds. */
  get timeoutSeconds(): number {
    return this.#options.timeoutSeconds;
  }

  /** The same, except that all its requests together end at `deadline`, in `Date.now()`'s milliseconds. */
  until(deadline: number): Http {
    const http = new Http(this.#options);
    http.#connect = this.#connect;
    http.#deadline = deadline;
    return http;
  }

  /** The answer's JSON. */
  async json(request: HttpRequest): Promise<unknown> {
    return this.#exchange(request, async (answer, attempted) => {
      const text = (await readBounded(answer, maxJsonBytes, attempted)).toString("utf8");
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw badAnswer(attempted, `it answered ${notJson(text)}`, answer.status).error;
      }
    });
  }

  /** The answer's bytes; `refused` when there are more than `maxBytes`. */
  async bytes(request: HttpRequest, maxBytes: number): Promise<Buffer> {
    return this.#exchange(request, async (answer, attempted) => {
      if (request.refuseHtml && /^text\/html/i.test(answer.header("content-type") ?? "")) {
        answer.discard();
        throw badAnswer(attempted, "it answered a page of HTML", answer.status).error;
      }
      return readBounded(answer, maxBytes, attempted);
    });
  }

  /**
   * The answer's bytes as they come, however many. The time limit holds for the answer's head; after it, only a
   * long silence ends the transfer. Nothing is repeated once bytes were handed out.
   */
  async stream(request: HttpRequest): Promise<AsyncIterable<Uint8Array>> {
    const controller = new AbortController();
    const answer = await this.#exchange(request, async (answer) => answer, controller);
    return readMoving(answer, controller, transferSilenceSeconds, this.#attempted(request));
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
      ownRegistry: typeof this.#options.credentials === "function",
      startedBy: this.#options.startedBy,
    };
  }

  async #exchange<T>(
    request: HttpRequest,
    read: (answer: WireAnswer, attempted: Attempted) => Promise<T>,
    controller?: AbortController,
  ): Promise<T> {
    const attempted = this.#attempted(request);
    const started = Date.now();
    const allowed = request.body ? transferSilenceSeconds : this.timeoutSeconds;
    const deadline = Math.min(this.#deadline, started + allowed * 1000);
    const repeatable = request.method === "GET" || request.repeatable === true;
    for (let attempt = 0; ; attempt++) {
      const abort = controller ?? new AbortController();
      const timer = setTimeout(() => abort.abort(), Math.max(0, deadline - Date.now()));
      let failure: Failure;
      try {
        const answer = await this.#send(request, abort.signal, () => timer.refresh());
        if (answer.status >= 200 && answer.status < 300) {
          return await read(answer, attempted);
        }
        const body = await readBeginning(answer);
        const location = answer.header("location");
        failure = failureOfAnswer(attempted, answer.status, body, location);
      } catch (error) {
        failure = abort.signal.aborted
          ? timedOut(attempted, (Date.now() - started) / 1000)
          : error instanceof RegistryError
            ? { error, passing: false }
            : this.#broken(attempted, error);
      } finally {
        clearTimeout(timer);
      }
      const pause = pauses[attempt];
      if (
        !failure.passing ||
        !repeatable ||
        pause === undefined ||
        Date.now() + pause >= deadline
      ) {
        throw failure.error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #send(
    request: HttpRequest,
    signal: AbortSignal,
    progress: () => void,
  ): Promise<WireAnswer> {
    const headers: Record<string, string> = {};
    const authorized = await this.#authorized(request);
    if (authorized) headers["authorization"] = authorized;
    let body: string | AsyncIterable<Uint8Array> | undefined;
    if (request.json !== undefined) {
      body = JSON.stringify(request.json);
      headers["content-type"] = "application/json";
      headers["content-length"] = String(Buffer.byteLength(body));
    } else if (request.body) {
      body = observed(request.body.stream(), progress);
      headers["content-length"] = String(request.body.sizeBytes);
    }
    const base = await this.#reach(request, signal);
    const url = new URL(base + request.path + queryString(request.query));
    const wire = await this.#connect();
    return wire.send({ method: request.method, url, headers, body, signal });
  }

  /** The value of the `authorization` header, if there are credentials. */
  async #authorized(request: HttpRequest): Promise<string | undefined> {
    try {
      return await this.#authorization();
    } catch (error) {
      throw noWay(this.#attempted(request), error as Error).error;
    }
  }

  /** Base address to send to. */
  async #reach(request: HttpRequest, signal: AbortSignal): Promise<string> {
    const { way } = this.#options;
    if (!way) return this.base;
    const { promise: aborted, stop } = abortion(signal);
    try {
      return await Promise.race([way.open(), aborted]);
    } catch (error) {
      if (signal.aborted) throw error;
      throw noWay(this.#attempted(request), error as Error).error;
    } finally {
      stop();
    }
  }

  #broken(attempted: Attempted, error: unknown): Failure {
    const beyond = this.#options.way?.problem();
    if (beyond) return { ...noWay(attempted, beyond), passing: true };
    return failureOfConnection(attempted, error);
  }
}

/** A promise that fails when the signal does. */
function abortion(signal: AbortSignal): { promise: Promise<never>; stop: () => void } {
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    const abort = () => reject(new Error("given up"));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    stop = () => signal.removeEventListener("abort", abort);
  });
  return { promise, stop };
}

/** Connections that trust the platform's authorities, and a private one when it is given. */
async function wireTrusting(caFile: string | null): Promise<Wire> {
  if (caFile === null) {
    return new Wire();
  }
  const pem = await readFile(caFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new RegistryError(
      "refused",
      `Could not read the CA file ${caFile} (${error.code}); give a readable PEM file in tollgate:trackingServer.caFile.`,
    );
  });
  const { rootCertificates } = await import("node:tls");
  return new Wire([...rootCertificates, pem]);
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
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) {
      parameters.set(key, String(value));
    }
  }
  return parameters.size > 0 ? `?${parameters.toString()}` : "";
}
