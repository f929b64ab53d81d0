/** As settings write them, in the week's order. */
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A moment as a clock and a calendar on the wall show it. */
export interface LocalTime {
  readonly weekday: (typeof weekdays)[number];
  /** `2026-12-24`. */
  readonly date: string;
  /** `17:05`, from `00:00` to `23:59`. */
  readonly time: string;
}

/** Is it a time zone's IANA name, such as `Europe/Berlin`? An offset such as `+02:00` isn't: it knows no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * A moment in a time zone.
 *
 * @param instant milliseconds since 1970
 * @throws RangeError for a time zone that there isn't
 */
export function localTime(instant: number, timezone: string): LocalTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type)!;
  return {
    weekday: part("weekday").toLowerCase() as LocalTime["weekday"],
    date: `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`,
    time: `${part("hour")}:${part("minute")}`,
  };
}

/** Making a format costs a hundred times as much as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formats.set(timezone, made);
  return made;
}
