const controller = new AbortController();

/** Aborted when the user interrupts the command: a release that is under way puts its traffic back. */
export const cancellation: AbortSignal = controller.signal;

/** Interrupts what this provider process is doing, once and for all. */
export function cancel(): void {
  controller.abort(new Interrupted());
}

/** The user stopped the command. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
  }
}
