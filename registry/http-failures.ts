import { quoted, RegistryError, type RegistryErrorKind } from "./errors";
import { RedirectLoop } from "./http-wire";

/** A request in words, for the error's sentence. */
export interface Attempted {
  /** Completes "Could not …", such as `get version 2 of model "churn"`. */
  readonly what: string;
  readonly method: string;
  /** Address without credentials and query. */
  readonly address: string;
  /** Is it an environment's own registry, whose password Tollgate keeps? */
  readonly ownRegistry?: boolean;
  /** The command that starts the registry, where it is one that Tollgate starts. */
  readonly startedBy?: string | null;
}

/** One failed attempt, and whether the same request may succeed a moment later. */
export interface Failure {
  readonly error: RegistryError;
  readonly passing: boolean;
}

const settingName = "tollgate:trackingServer";
const correctUri = `correct ${settingName}.uri`;

function failure(
  kind: RegistryErrorKind,
  attempted: Attempted,
  happened: string,
  remedy: string,
  passing = false,
  status?: number,
  errorCode?: string,
): Failure {
  const { what, method, address } = attempted;
  const message = `Could not ${what} (${method} ${address}): ${happened}; ${remedy}.`;
  return { error: new RegistryError(kind, message, status, errorCode), passing };
}

/** No answer within the time allowed. */
export function timedOut(attempted: Attempted, seconds: number): Failure {
  const happened = `no answer within ${Number(seconds.toFixed(1))} s`;
  const remedy = `see whether the registry is overloaded, or raise ${settingName}.timeoutSeconds`;
  return failure("timeout", attempted, happened, remedy);
}

/** An answer that MLflow would not give. */
export function badAnswer(attempted: Attempted, happened: string, status?: number): Failure {
  const remedy = `see whether an MLflow registry is at this address, or ${correctUri}`;
  return failure("bad-answer", attempted, happened, remedy, false, status);
}

/** More bytes than the caller allows. */
export function tooManyBytes(attempted: Attempted, maxBytes: number): Failure {
  const happened = `the answer is longer than the ${maxBytes} bytes allowed`;
  return failure("refused", attempted, happened, "see what was stored there");
}

/** No way to where the server is; `cause` says why in a sentence of its own, and what to do. */
export function noWay({ what, method, address }: Attempted, cause: Error): Failure {
  const message = `Could not ${what} (${method} ${address}): ${cause.message}`;
  return { error: new RegistryError("unavailable", message), passing: false };
}

const certificateCodes =
  /CERT|^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER)|^ERR_TLS|^ERR_SSL|^EPROTO$/;
const unknownHostCodes = new Set(["ENOTFOUND", "EAI_AGAIN"]);

/** What the connection threw: a system error, a TLS error, or too many redirects. */
export function failureOfConnection(attempted: Attempted, error: unknown): Failure {
  if (error instanceof RedirectLoop) {
    return badAnswer(attempted, `it redirects in a circle (${error.message})`);
  }
  const { code, message } = systemError(error);
  if (certificateCodes.test(code)) {
    const remedy = `give the file of the CA that signed it in ${settingName}.caFile, or ${correctUri}`;
    return failure(
      "unavailable",
      attempted,
      `its certificate is not trusted (${quoted(message)})`,
      remedy,
    );
  }
  if (unknownHostCodes.has(code)) {
    return failure("unavailable", attempted, `the host name is unknown (${code})`, correctUri);
  }
  const happened = code === "ECONNREFUSED" ? "the connection was refused" : "the connection broke";
  const remedy = attempted.startedBy
    ? `start the registry with \`${attempted.startedBy}\``
    : `start the registry, or ${correctUri}`;
  return failure(
    "unavailable",
    attempted,
    `${happened} (${code || quoted(message)})`,
    remedy,
    true,
  );
}

function systemError(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: typeof code === "string" ? code : "", message: String(message ?? error) };
}

const passingStatuses = new Set([429, 502, 503, 504]);

/** An answer with a status other than 2xx. `body` is its beginning. */
export function failureOfAnswer(
  attempted: Attempted,
  status: number,
  body: string,
  location: string | null,
): Failure {
  const said = mlflowError(body);
  const code = said?.errorCode;
  const happened = said
    ? `it answered ${status}${code ? ` ${code}` : ""}${said.message ? `, "${quoted(said.message)}"` : ""}`
    : `it answered ${status}`;
  const fail = (kind: RegistryErrorKind, remedy: string) =>
    failure(kind, attempted, happened, remedy, passingStatuses.has(status), status, code);

  if (status >= 300 && status < 400) {
    const target = location ? ` to ${withoutCredentials(location)}` : "";
    return badAnswer(attempted, `it redirects${target}, and only reads follow a redirect`, status);
  }
  if (status === 401 || status === 403) {
    return fail(
      "unauthorised",
      attempted.ownRegistry
        ? "its password was changed or made by another machine: run `tollgate up` where the stack's files are"
        : `set the token in the variable named by ${settingName}.tokenVariable, ` +
            "or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    );
  }
  if (status === 429 || status >= 500) {
    return fail("unavailable", "look in the registry's log, or try again later");
  }
  if (code === "RESOURCE_ALREADY_EXISTS" || status === 409) {
    return fail("conflict", "use what is there, or take another name");
  }
  if (code === "RESOURCE_DOES_NOT_EXIST") {
    return fail("not-found", "see what the registry holds, or correct the name");
  }
  if (!said) {
    return badAnswer(attempted, `it answered ${status} without saying why as MLflow does`, status);
  }
  return fail("refused", "correct what was asked for");
}

/** MLflow's error document, or null for anything else (a proxy's page, an empty body). */
function mlflowError(body: string): { errorCode?: string; message: string } | null {
  try {
    const { error_code: errorCode, message } = JSON.parse(body) as Record<string, unknown>;
    if (typeof errorCode !== "string" && typeof message !== "string") {
      return null;
    }
    return {
      errorCode: typeof errorCode === "string" ? quoted(errorCode, 60) : undefined,
      message: typeof message === "string" ? message : "",
    };
  } catch {
    return null;
  }
}

/** An address as messages may show it: no user, password, query or fragment. */
export function withoutCredentials(address: string): string {
  try {
    const url = new URL(address);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    return address.replace(/[?#].*$/, "").replace(/\/\/[^/]*@/, "//");
  }
}
