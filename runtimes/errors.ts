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

/**
 * Stops where an address of an environment leads to somebody else.
 *
 * @param strangers a sentence each: whose it is and what to do
 * @throws OperationError `address-taken`
 */
export function refuseStrangers(strangers: readonly string[]): void {
  if (strangers.length > 0) throw new OperationError("address-taken", strangers.join("\n"));
}
