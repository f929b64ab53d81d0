import { ClusterError } from "./cluster";
import { unreachable } from "./kubeconfig";

/** One failed attempt, and whether the same request may succeed a moment later. */
export interface Failure {
  readonly error: ClusterError;
  readonly passing: boolean;
  /** The server can't have acted on it, so that any request may be repeated. */
  readonly unsent: boolean;
}

/** What was asked of which cluster, to name it in a sentence. */
export interface Asked {
  /** Address of the API server. */
  readonly server: string;
  readonly context: string;
  readonly method: string;
  readonly path: string;
}

const certificateCodes =
  /CERT|SELF_SIGNED|^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER)|^ERR_TLS|^ERR_SSL|^EPROTO$/;
const unsentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** No connection, or one that broke. */
export function failureOfConnection({ server }: Asked, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = code ?? message;
  const why = certificateCodes.test(code ?? "")
    ? `is not the one that the kubeconfig trusts, or doesn't trust its client (${cause})`
    : `doesn't answer (${cause})`;
  return {
    error: unreachable(`The cluster at ${server} ${why}`),
    passing: !certificateCodes.test(code ?? ""),
    unsent: unsentCodes.has(code ?? ""),
  };
}

/** No answer within the time allowed. */
export function timedOut({ server }: Asked, milliseconds: number): Failure {
  return {
    error: unreachable(`The cluster at ${server} gave no answer within ${milliseconds / 1000} s`),
    passing: false,
    unsent: false,
  };
}

/** An answer with a status other than 2xx. `body` is its beginning. */
export function failureOfAnswer(asked: Asked, status: number, body: string): Failure {
  const { server, context } = asked;
  const said = messageOf(body) ?? `HTTP ${status}`;
  const what = inWords(asked);
  const failure = (code: ClusterError["code"], message: string, passing = false): Failure => ({
    error: new ClusterError(code, message),
    passing,
    // It says itself that it didn't begin.
    unsent: status === 429,
  });
  switch (status) {
    case 401:
      return {
        error: unreachable(
          `The cluster at ${server} refuses the credentials of context "${context}"`,
        ),
        passing: false,
        unsent: true,
      };
    case 403:
      return failure(
        "forbidden",
        `The cluster at ${server} doesn't allow it: ${said}; have that right given to the user of context "${context}", or choose another with tollgate:kubernetes.context.`,
      );
    case 404:
      return failure("not-found", `The cluster at ${server} could not ${what}: ${said}.`);
    case 409:
      return failure("conflict", `The cluster at ${server} could not ${what}: ${said}.`);
    case 400:
    case 405:
    case 413:
    case 415:
    case 422:
      return failure("invalid", `The cluster at ${server} refused to ${what}: ${said}.`);
    default:
      return failure(
        "unavailable",
        `The cluster at ${server} could not ${what} now (HTTP ${status}, ${said}): try again in a moment.`,
        status === 429 || status >= 500,
      );
  }
}

/** The message of Kubernetes' own `Status`, as part of a sentence; null for anything else, such as a proxy's page. */
function messageOf(body: string): string | null {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" && message !== "" ? oneLine(message) : null;
  } catch {
    return null;
  }
}

/** Somebody else's text as part of a sentence: one line, no full stop, at most 600 characters. */
export function oneLine(text: string, longest = 600): string {
  const line = text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .replace(/\.+$/, "");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

const doing: Record<string, string> = {
  GET: "read",
  POST: "create",
  PUT: "replace",
  PATCH: "change",
  DELETE: "delete",
};

/** `read deployments/scorer in namespace shop`. */
export function inWords({ method, path }: Pick<Asked, "method" | "path">): string {
  const [plain = ""] = path.split("?");
  const inside = /\/namespaces\/([^/]+)\/(.+)$/.exec(plain);
  const [, namespace, object] = inside ?? [];
  const what = inside ? `${object} in namespace ${namespace}` : plain;
  return `${doing[method] ?? method} ${what}`;
}
