import assert from "node:assert/strict";
import fc from "fast-check";
import { codesOf } from "../../../policies/codes";
import { window } from "../../../policies/gates/window";
import { type LocalTime, weekdays } from "../../../policies/local-time";
import { candidate, only, withoutEvidence } from "../fixtures";

const { history } = candidate();
const workdays = ["mon", "tue", "wed", "thu", "fri"];
const office = { open: [{ days: workdays, from: "09:00", to: "17:00" }] };
const night = { open: [{ days: ["fri"], from: "22:00", to: "04:00" }] };
const judge = (judgedAt: string, settings: unknown = {}) =>
  only(window, candidate({ judgedAt }), settings);
const passes = (judgedAt: string, settings: unknown) => judge(judgedAt, settings).passed;

describe("window", () => {
  it("is always open without windows and freezes", () => {
    assert.equal(
      judge("2026-02-01T12:00:00.000Z").reason,
      "churn-model v2 is judged for staging on sun 2026-02-01 12:00 (UTC), outside every freeze, and no window is set.",
    );
  });

  it("passes inside a window", () => {
    assert.deepEqual(judge("2026-02-02T12:30:00.000Z", office), {
      passed: true,
      subject: null,
      code: "ok",
      value: "mon 2026-02-02 12:30",
      threshold: "mon tue wed thu fri 09:00-17:00",
      margin: null,
      reason:
        "churn-model v2 is judged for staging on mon 2026-02-02 12:30 (UTC), inside the windows mon tue wed thu fri 09:00-17:00.",
    });
  });

  it("opens and closes exactly with the minute", () => {
    assert.equal(passes("2026-02-02T08:59:59.999Z", office), false);
    assert.equal(passes("2026-02-02T09:00:00.000Z", office), true);
    assert.equal(passes("2026-02-02T16:59:59.999Z", office), true);
    assert.equal(passes("2026-02-02T17:00:00.000Z", office), false);
  });

  it("refuses outside of every window", () => {
    const finding = judge("2026-02-01T12:00:00.000Z", { open: [...office.open, ...night.open] });
    assert.equal(finding.code, "outside-window");
    assert.equal(
      finding.reason,
      "churn-model v2 is judged for staging on sun 2026-02-01 12:00 (UTC), outside the windows mon tue wed thu fri 09:00-17:00, fri 22:00-04:00.",
    );
  });

  it("takes a window over midnight for one of the day on which it opens", () => {
    assert.equal(passes("2026-02-06T22:00:00Z", night), true); // Friday
    assert.equal(passes("2026-02-07T03:59:59Z", night), true);
    assert.equal(passes("2026-02-07T04:00:00Z", night), false);
    assert.equal(passes("2026-02-06T03:00:00Z", night), false);
    assert.equal(passes("2026-02-07T22:30:00Z", night), false);
  });

  it("takes 24:00 for the end of the day", () => {
    const sunday = { open: [{ days: ["sun"], from: "00:00", to: "24:00" }] };
    assert.equal(passes("2026-02-01T23:59:59.999Z", sunday), true);
    assert.equal(passes("2026-02-02T00:00:00Z", sunday), false);
  });

  it("goes by the clock of its time zone, in summer and in winter", () => {
    const berlin = { ...office, timezone: "Europe/Berlin" };
    assert.equal(passes("2026-02-02T08:00:00Z", berlin), true);
    assert.equal(passes("2026-02-02T07:59:59Z", berlin), false);
    assert.equal(passes("2026-07-06T07:00:00Z", berlin), true);
    assert.equal(passes("2026-07-06T06:59:59Z", berlin), false);
    assert.match(judge("2026-02-01T23:30:00Z", berlin).reason, /on mon 2026-02-02 00:30 \(Europe/);
  });

  describe("freezes", () => {
    const days = { from: "2026-12-24", to: "2026-12-26", reason: "Nobody is on call." };
    const holidays = { ...office, timezone: "America/New_York", freezes: [days] };

    it("refuses from the first day's beginning to the last day's end, in the time zone", () => {
      const at = (judgedAt: string) => judge(judgedAt, { ...holidays, open: [] }).code;
      assert.equal(at("2026-12-24T04:59:59.999Z"), "ok");
      assert.equal(at("2026-12-24T05:00:00.000Z"), "frozen");
      assert.equal(at("2026-12-27T04:59:59.999Z"), "frozen");
      assert.equal(at("2026-12-27T05:00:00.000Z"), "ok");
    });

    it("refuses though a window is open, and says why", () => {
      assert.equal(
        judge("2026-12-24T15:00:00Z", holidays).reason,
        "churn-model v2 is judged for staging on thu 2026-12-24 10:00 (America/New_York), inside the freeze from 2026-12-24 to 2026-12-26: Nobody is on call.",
      );
    });

    it("refuses from exactly the first moment until before the last", () => {
      const sale = {
        from: "2026-11-27T00:00:00+01:00",
        to: "2026-11-28T00:00:00Z",
        reason: "sale",
      };
      const at = (judgedAt: string) => judge(judgedAt, { freezes: [sale] }).code;
      assert.equal(at("2026-11-26T22:59:59.999Z"), "ok");
      assert.equal(at("2026-11-26T23:00:00.000Z"), "frozen");
      assert.equal(at("2026-11-27T23:59:59.999Z"), "frozen");
      assert.equal(at("2026-11-28T00:00:00.000Z"), "ok");
    });
  });

  it("passes a version that comes back, at any time", () => {
    const releasedAt = "2026-01-10T12:00:00.000Z";
    const back = candidate({ history: { ...history, releasedAt } });
    assert.equal(
      only(window, back, office).reason,
      "churn-model v2 was released to staging at 2026-01-10T12:00:00.000Z, so it may come back at any time.",
    );
  });

  for (const judgedAt of ["", "monday", "2026-02-02", "2026-02-02T12:00:00"]) {
    it(`refuses the time ${JSON.stringify(judgedAt)}`, () => {
      assert.equal(judge(judgedAt, office).code, "wrong-type");
    });
  }

  it("refuses with each of its codes", () => {
    const freezes = [{ from: "2026-02-01", to: "2026-02-01", reason: "sale" }];
    const findings = [
      judge("2026-02-01T12:00:00Z", office),
      judge("2026-02-01T12:00:00Z", { freezes }),
      judge("monday"),
    ];
    assert.deepEqual(
      findings.map(({ code }) => code),
      codesOf(window).map(({ code }) => code),
    );
  });

  it("judges the time, not the evidence", () => {
    assert.equal(only(window, withoutEvidence()).passed, true);
  });

  it("can be waived", () => assert.equal(window.waivable, true));

  const opening = { days: ["mon"], from: "09:00", to: "17:00" };
  const freeze = { from: "2026-12-24", to: "2026-12-26", reason: "holidays" };
  for (const settings of [
    { timezone: "Europe/Atlantis" },
    { timezone: "+02:00" },
    { timezone: "" },
    { open: [{ ...opening, days: [] }] },
    { open: [{ ...opening, days: ["monday"] }] },
    { open: [{ ...opening, from: "9:00" }] },
    { open: [{ ...opening, from: "24:00" }] },
    { open: [{ ...opening, to: "24:01" }] },
    { open: [{ ...opening, to: "09:00" }] },
    { open: [{ ...opening, day: "mon" }] },
    { freezes: [{ ...freeze, to: "2026-12-23" }] },
    { freezes: [{ ...freeze, to: "2026-12-32" }] },
    { freezes: [{ ...freeze, from: "2026-02-30" }] },
    { freezes: [{ ...freeze, to: "2026-12-26T00:00:00Z" }] },
    { freezes: [{ ...freeze, from: "2026-12-26T00:00:00", to: "2026-12-27T00:00:00" }] },
    { freezes: [{ ...freeze, reason: " " }] },
  ]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(window.settings.safeParse(settings).success, false);
    });
  }

  const minuteOfDay = fc.integer({ min: 0, max: 1439 });
  const openings = fc.array(
    fc
      .record({
        days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
        from: minuteOfDay,
        to: fc.integer({ min: 0, max: 1440 }),
      })
      .filter(({ from, to }) => from !== to),
    { minLength: 1, maxLength: 3 },
  );

  it("is open in exactly the minutes of the week that a list of them holds", () => {
    // Monday, 00:00 UTC.
    const monday = Date.UTC(2026, 1, 2);
    const minuteOfWeek = fc.integer({ min: 0, max: 7 * 1440 - 1 });
    fc.assert(
      fc.property(openings, minuteOfWeek, fc.nat(59_999), (given, minute, rest) => {
        const open = given.map(({ days, from, to }) => ({
          days,
          from: clock(from),
          to: clock(to),
        }));
        const judgedAt = new Date(monday + minute * 60_000 + rest).toISOString();
        assert.equal(passes(judgedAt, { open }), openMinutes(given).has(minute));
      }),
      { numRuns: 500 },
    );
  });
});

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Every open minute of the week, counted from Monday 00:00: slow, and plain to see. */
function openMinutes(
  openings: readonly { days: readonly LocalTime["weekday"][]; from: number; to: number }[],
): Set<number> {
  const open = new Set<number>();
  for (const { days, from, to } of openings) {
    const end = to > from ? to : to + 1440;
    for (const day of days) {
      for (let minute = from; minute < end; minute++) {
        open.add((weekdays.indexOf(day) * 1440 + minute) % (7 * 1440));
      }
    }
  }
  return open;
}
