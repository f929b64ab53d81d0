import type { LatencyBucket } from "../envoy/admin";

/**
 * Rows to ask, so that a version which goes wrong on 1 % of them gets through unseen in 5 of 100 cases:
 * ln(0.05) / ln(0.99).
 */
export const revealingRows = 299;

/** The value below which 95 % of the samples lie (nearest rank); null without samples. */
export function p95(samples: readonly number[]): number | null {
  if (samples.length === 0) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1]!;
}

/** P95 of a histogram in milliseconds, interpolated inside its bucket; null without samples. */
export function p95OfBuckets(buckets: readonly LatencyBucket[]): number | null {
  const rank = 0.95 * buckets.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  let lower = 0;
  for (const { upToMs, count } of buckets) {
    if (count > 0 && below + count >= rank) {
      return lower + ((rank - below) / count) * (upToMs - lower);
    }
    below += count;
    lower = upToMs;
  }
  return null;
}

/** What was counted since an earlier reading. A histogram that began anew since then counts as a whole. */
export function bucketsSince(
  before: readonly LatencyBucket[],
  now: readonly LatencyBucket[],
): LatencyBucket[] {
  const earlier = new Map(before.map(({ upToMs, count }) => [upToMs, count]));
  const anew = now.some(({ upToMs, count }) => count < (earlier.get(upToMs) ?? 0));
  return anew
    ? [...now]
    : now.map(({ upToMs, count }) => ({ upToMs, count: count - (earlier.get(upToMs) ?? 0) }));
}

/** `12.34 ms`: so fine that a value just above a limit does not read like the limit. */
export function shownMs(ms: number): string {
  return `${Number(ms.toFixed(2))} ms`;
}

/** `1 %`, `0.25 %`: a share from 0 to 1 as messages show it. */
export function shownShare(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
