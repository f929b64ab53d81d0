/** What went wrong between us and a registry. Callers decide by this, never by message or status. */
export type RegistryErrorKind =
  /** No connection, or an answer that says "not now" (429, 5xx). */
  | "unavailable"
  /** No answer within the time allowed. */
  | "timeout"
  /** The registry answered that the thing does not exist. */
  | "not-found"
  /** The registry refuses the credentials (401, 403). */
  | "unauthorised"
  /** Something answered, but not as MLflow does: HTML, broken JSON, a field missing. */
  | "bad-answer"
  /** The thing exists already. */
  | "conflict"
  /** The registry understood and said no, or we refuse to go on (other bytes, too many of them). */
  | "refused";

/**
 * A failed call of a registry or its artifact store. The message is one sentence for the user: what was tried,
 * where (never with credentials), what happened and what to do.
 */
export class RegistryError extends Error {
  override readonly name = "RegistryError";

  constructor(
    readonly kind: RegistryErrorKind,
    message: string,
    /** HTTP status, when there was an answer. */
    readonly status?: number,
    /** MLflow's own `error_code`, when the answer had one. */
    readonly errorCode?: string,
  ) {
    super(message);
  }
}

/** Is this the typed failure of the given kind? */
export function isRegistryError(error: unknown, kind?: RegistryErrorKind): error is RegistryError {
  return error instanceof RegistryError && (kind === undefined || error.kind === kind);
}

/** Text of somebody else's making, cut to one short line without a full stop, fit to stand inside our sentence. */
export function quoted(text: string, longest = 200): string {
  const line = text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .replace(/\.+$/, "");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
