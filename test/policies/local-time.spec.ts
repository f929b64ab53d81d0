import assert from "node:assert/strict";
import { isTimeZone, localTime } from "../../policies/local-time";

describe("localTime", () => {
  for (const [instant, timezone, weekday, date, time] of [
    ["2026-02-01T00:00:00Z", "UTC", "sun", "2026-02-01", "00:00"],
    ["2026-02-01T23:59:59.999Z", "UTC", "sun", "2026-02-01", "23:59"],
    ["2026-02-01T23:59:00Z", "Asia/Kolkata", "mon", "2026-02-02", "05:29"],
    ["2026-03-29T00:59:00Z", "Europe/Berlin", "sun", "2026-03-29", "01:59"],
    ["2026-03-29T01:00:00Z", "Europe/Berlin", "sun", "2026-03-29", "03:00"],
    ["2026-01-01T04:00:00Z", "America/New_York", "wed", "2025-12-31", "23:00"],
  ] as const) {
    it(`shows ${instant} in ${timezone}`, () => {
      assert.deepEqual(localTime(Date.parse(instant), timezone), { weekday, date, time });
    });
  }
});

describe("isTimeZone", () => {
  it("knows names, and no offsets", () => {
    const known = ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"];
    const unknown = ["", "+02:00", "Europe/Atlantis", "Europe/Berlin ", "../UTC"];
    assert.deepEqual(known.filter(isTimeZone), known);
    assert.deepEqual(unknown.filter(isTimeZone), []);
  });
});
