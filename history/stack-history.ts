import type { PinnedVersion, Service, StackHistory } from "../policies/gate";
import { latestReceiptAt, type Receipt } from "./receipt";
import { courseOf, samePin } from "./rollback";

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
 * The receipts alone say what is deployed, whatever the checkpoint says: a pin can be taken out of a checkpoint, and a
 * version must not get round the comparison with what was served last by that, nor by destroying the environment first.
 *
 * @param receipts oldest first
 * @param checkpoint asked where there is no receipt; null when there is none, or it has no pin
 */
export function stackHistory(
  receipts: readonly Receipt[],
  pin: PinnedVersion,
  checkpoint: Checkpoint | null = null,
): StackHistory {
  const last = receipts.at(-1);
  const { standing, goneBackFrom } = courseOf(receipts);
  const releases = receipts.filter((receipt) => samePin(receipt.pin, pin));
  return {
    deployed: last?.pin ?? admittedBefore(pin, checkpoint),
    releasedAt: standing.find((each) => samePin(each.pin, pin))?.releasedAt ?? null,
    goneBackFromAt: goneBackFrom.find((each) => samePin(each.pin, pin))?.at ?? null,
    latestReceiptAt: latestReceiptAt(receipts),
    packDigest: last?.packDigest ?? null,
    ...(releases.some(({ lineage }) => lineage?.proven) ? { releasedProven: true } : {}),
  };
}

/** Without receipts at hand, the checkpoint's pin counts as released. */
function admittedBefore(
  pin: PinnedVersion,
  checkpoint: Checkpoint | null,
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
      ...(receipt.lineage?.proven ? { proven: true } : {}),
      from: receipt.at,
      to: next?.at ?? null,
      green: allPassed && !goneBackFrom && receipt.settings?.asReviewed !== false,
    };
  });
}
