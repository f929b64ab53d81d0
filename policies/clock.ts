import type { Candidate } from "./gate";

/** How far two machines' clocks may differ before a time counts as in the future. */
export const clockSlackMinutes = 5;

const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A time in UTC as milliseconds since 1970; null for anything that isn't one. */
export function instantOf(time: unknown): number | null {
  // Without its zone a time is another instant on another machine, so it is none here.
  if (typeof time !== "string" || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time)) return null;
  const instant = Date.parse(time);
  return Number.isNaN(instant) ? null : instant;
}

/**
 * Does a time lie after the moment of judging, by more than clocks differ? A version that was released before is judged
 * as of its release: what was measured or signed since then is later without being from the future.
 *
 * A moment that can't be read makes everything be from the future: what can't be told is refused.
 */
export function isFromTheFuture(
  instant: number,
  { history, judgedAt }: Pick<Candidate, "history" | "judgedAt">,
): boolean {
  if (history.releasedAt !== null) return false;
  const now = instantOf(judgedAt);
  return now === null || instant > now + clockSlackMinutes * minute;
}
