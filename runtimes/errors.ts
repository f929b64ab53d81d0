/** What an operation of a runtime can't do, as one sentence for the user: what, which value and what to do. */
export class OperationError extends Error {
  override readonly name: string = "OperationError";

  /** @param code stable and machine-readable, kebab-case; `usage` where the command line asks for what can't be */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
