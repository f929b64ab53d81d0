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
  const { standing } = courseOf(receipts);
  const at = standing.findIndex(({ pin }) => samePin(pin, current));
  const before = at === -1 ? standing : standing.slice(0, at);
  return before.at(-1)?.pin ?? null;
}

/** What became of the versions that a stack released. */
export interface Course {
  /** Not gone back from, in the order of their release; `releasedAt` is when a version was released as a new one. */
  readonly standing: readonly { readonly pin: PinnedVersion; readonly releasedAt: string }[];
  /** Gone back from and not released since, with the time of the release that did so. */
  readonly goneBackFrom: readonly { readonly pin: PinnedVersion; readonly at: string }[];
}

/**
 * Tells going back from going forward: a release of a version that stands is a way back to it, and all versions released
 * after it are gone back from. Releasing one of those again is a way forward.
 *
 * @param receipts oldest first
 */
export function courseOf(receipts: readonly Receipt[]): Course {
  const standing: { pin: PinnedVersion; releasedAt: string }[] = [];
  let goneBackFrom: { pin: PinnedVersion; at: string }[] = [];
  for (const { pin, at } of receipts) {
    const earlier = standing.findIndex((each) => samePin(each.pin, pin));
    if (earlier === -1) {
      goneBackFrom = goneBackFrom.filter((each) => !samePin(each.pin, pin));
      standing.push({ pin, releasedAt: at });
    } else {
      const left = standing.splice(earlier + 1);
      goneBackFrom.push(...left.map((each) => ({ pin: each.pin, at })));
    }
  }
  return { standing, goneBackFrom };
}

/** Do two pins name the same bytes under the same name and version? */
export function samePin(
  a: PinnedVersion | null | undefined,
  b: PinnedVersion | null | undefined,
): boolean {
  return a?.name === b?.name && a?.version === b?.version && a?.digest === b?.digest;
}
