import { setTimeout as sleep } from "node:timers/promises";

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

/** Waits some milliseconds; throws the reason of `signal` as soon as that is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
