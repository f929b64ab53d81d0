import { z } from "zod";
import { instantOf } from "../clock";
import { label, passed, refused } from "../finding";
import { type Candidate, defineGate } from "../gate";
import { isTimeZone, type LocalTime, localTime, weekdays } from "../local-time";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const clockTime = (latest: RegExp, words: string) => z.string().regex(latest, words);
const opening = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1).describe("Days on which it opens, such as [mon, tue]."),
    from: clockTime(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as "09:00"').describe(
      "First minute in which it is open.",
    ),
    to: clockTime(
      /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
      'expected a time such as "17:00", at most "24:00"',
    ).describe("First minute in which it is closed again; at or before `from`: on the next day."),
  })
  .refine(({ from, to }) => from !== to, {
    path: ["to"],
    error: 'expected another time than from; write from "00:00" to "24:00" for a whole day',
  });

const bound = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "expected a day such as 2026-12-24, or a time with its zone such as 2026-12-24T18:00:00Z",
});
const freeze = z
  .strictObject({
    from: bound.describe("First day, or the moment it begins."),
    to: bound.describe("Last day, or the moment it ends."),
    reason: z.string().trim().min(1).describe("Why; a refusal says it."),
  })
  .refine(({ from, to }) => isDay(from) === isDay(to), {
    path: ["to"],
    error: "expected a day where from is a day, and a time where from is a time",
  })
  .refine(({ from, to }) => (isDay(from) ? from <= to : Date.parse(from) < Date.parse(to)), {
    path: ["to"],
    error: "expected an end that isn't before from",
  });

const settings = z.strictObject({
  timezone: withDefault(
    z.string().refine(isTimeZone, "expected a time zone such as UTC or Europe/Berlin"),
    "UTC",
    "Time zone of days and times here, by its IANA name.",
  ),
  open: z.array(opening).default([]).describe("When releases may be made. Default: always."),
  freezes: z.array(freeze).default([]).describe("When none may be made, though it is open."),
});

type Settings = z.output<typeof settings>;
type Opening = Settings["open"][number];
type Freeze = Settings["freezes"][number];

/**
 * Refuses a release outside the deployment windows, and in a freeze. A pin that was released here before passes: a
 * rollback is always in time. Whoever is on call can sign a waiver, which the receipt keeps.
 */
export const window = defineGate({
  name: "window",
  description: "The release is made inside a deployment window and outside every freeze.",
  severity: "medium",
  remedy: "Wait until the window opens, or have whoever is on call sign `tollgate waive window`.",
  source:
    "Compares the minute of judging, in the settings' time zone, with the windows and freezes of the stack's file. Without any it is always open.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: ["outside-window", "frozen", "wrong-type"],
  judgesMoment: true,
  settings,
  check(candidate, settings) {
    const { pin, stack, history, judgedAt } = candidate;
    const version = label(pin);
    if (history.releasedAt !== null) {
      const reason = `${version} was released to ${stack} at ${history.releasedAt}, so it may come back at any time.`;
      return [passed(reason)];
    }
    const now = instantOf(judgedAt);
    if (now === null) {
      const reason = `${version} can't be judged by the time ${JSON.stringify(judgedAt)}, which isn't one in UTC such as 2026-01-31T12:00:00Z.`;
      return [refused("wrong-type", reason, { value: String(judgedAt) })];
    }
    return [judgeTime(candidate, settings, now)];
  },
});

function judgeTime({ pin, stack }: Candidate, { timezone, open, freezes }: Settings, now: number) {
  const local = localTime(now, timezone);
  const shown = `${local.weekday} ${local.date} ${local.time}`;
  const what = `${label(pin)} is judged for ${stack} on ${shown} (${timezone})`;
  const frozen = freezes.find((each) => covers(each, local, now));
  if (frozen) {
    const threshold = `${frozen.from} to ${frozen.to}`;
    const why = frozen.reason.replace(/\.$/, "");
    const reason = `${what}, inside the freeze from ${threshold}: ${why}.`;
    return refused("frozen", reason, { value: shown, threshold });
  }
  if (open.length === 0) {
    return passed(`${what}, outside every freeze, and no window is set.`, { value: shown });
  }
  const threshold = open.map(inWords).join(", ");
  if (!open.some((each) => isOpen(each, local))) {
    const reason = `${what}, outside the windows ${threshold}.`;
    return refused("outside-window", reason, { value: shown, threshold });
  }
  return passed(`${what}, inside the windows ${threshold}.`, { value: shown, threshold });
}

/** A window over midnight belongs to the day on which it opens. */
function isOpen({ days, from, to }: Opening, { weekday, time }: LocalTime): boolean {
  const yesterday = weekdays[(weekdays.indexOf(weekday) + 6) % 7]!;
  if (from < to) return days.includes(weekday) && time >= from && time < to;
  return (days.includes(weekday) && time >= from) || (days.includes(yesterday) && time < to);
}

/** Days are in the settings' time zone and the last one counts whole; a moment at which it ends is outside. */
function covers({ from, to }: Freeze, { date }: LocalTime, now: number): boolean {
  if (isDay(from)) return date >= from && date <= to;
  return now >= Date.parse(from) && now < Date.parse(to);
}

function isDay(written: string): boolean {
  return written.length === "2026-12-24".length;
}

function inWords({ days, from, to }: Opening): string {
  return `${days.join(" ")} ${from}-${to}`;
}
