import type { PinnedVersion } from "../policies/gate";
import type { Receipt } from "./receipt";

/**
 * The pin to go back to: the most recent release that was not gone back from. After v1, v2, v3 and back to v2 that is
 * v1, not v3: whoever went back from v3 does not want it again.
 *
 * @param receipts oldest first
 * @param current what is pinned now, released or not; null for nothing
 * @returns null when nothing else was ever released
 */
export function lastGoodPin(
  receipts: readonly Receipt[],
  current: PinnedVersion | null,
): PinnedVersion | null {
  const standing: PinnedVersion[] = [];
  for (const { pin } of receipts) {
    const earlier = standing.findIndex((each) => samePin(each, pin));
    // Released before: everything released after it was gone back from.
    if (earlier !== -1) standing.length = earlier;
    standing.push(pin);
  }
  const at = standing.findIndex((each) => samePin(each, current));
  const before = at === -1 ? standing : standing.slice(0, at);
  return before.at(-1) ?? null;
}

/** What was released directly before a pin's latest release; null when it was the first, or never released. */
export function pinBefore(receipts: readonly Receipt[], pin: PinnedVersion): PinnedVersion | null {
  return receipts.findLast((receipt) => samePin(receipt.pin, pin))?.previousPin ?? null;
}

/** Do two pins name the same bytes under the same name and version? */
export function samePin(
  a: PinnedVersion | null | undefined,
  b: PinnedVersion | null | undefined,
): boolean {
  return a?.name === b?.name && a?.version === b?.version && a?.digest === b?.digest;
}
