import type { PinnedVersion, Service, StackHistory } from "../policies/gate";
import type { Receipt } from "./receipt";
import { samePin } from "./rollback";

/** What a stack's last checkpoint says of its pin. */
export interface Checkpoint {
  /** The pin that was admitted last, released or not. */
  readonly pin: PinnedVersion;
  /** What was deployed when it was admitted. */
  readonly deployed: StackHistory["deployed"];
}

/**
 * What a stack served before the pin that is judged now. A receipt is written when a release is complete, so an admitted
 * pin whose release failed is not what is deployed.
 *
 * @param receipts oldest first
 * @param checkpoint null when the stack has no pin in its checkpoint: nothing is deployed; undefined when there is no
 *   checkpoint at hand, and the receipts alone are asked
 */
export function stackHistory(
  receipts: readonly Receipt[],
  pin: PinnedVersion,
  checkpoint?: Checkpoint | null,
): StackHistory {
  const last = receipts.at(-1);
  return {
    deployed: checkpoint === null ? null : (last?.pin ?? admittedBefore(pin, checkpoint)),
    releasedAt: receipts.find((receipt) => samePin(receipt.pin, pin))?.at ?? null,
    lastReceiptAt: last?.at ?? null,
    packDigest: last?.packDigest ?? null,
  };
}

/** Without receipts at hand, the checkpoint's pin counts as released. */
function admittedBefore(
  pin: PinnedVersion,
  checkpoint: Checkpoint | undefined,
): StackHistory["deployed"] {
  if (!checkpoint) return null;
  return samePin(checkpoint.pin, pin) ? checkpoint.deployed : checkpoint.pin;
}

/** When a stack served what, oldest first: each release until the next one. */
export function servicesOf(receipts: readonly Receipt[]): Service[] {
  return receipts.map((receipt, index) => {
    const next = receipts[index + 1];
    const goneBackFrom =
      next !== undefined && receipts.slice(0, index).some(({ pin }) => samePin(pin, next.pin));
    const allPassed = receipt.verdicts.every(
      ({ level, status }) => level !== "mandatory" || status === "passed",
    );
    return {
      digest: receipt.pin.digest,
      gitCommit: receipt.lineage?.gitCommit ?? null,
      dataVersion: receipt.lineage?.dataVersion ?? null,
      from: receipt.at,
      to: next?.at ?? null,
      green: allPassed && !goneBackFrom,
    };
  });
}
