import assert from "node:assert/strict";
import { instantOf, isFromTheFuture } from "../../policies/clock";
import { candidate } from "./fixtures";

describe("instantOf", () => {
  it("reads times in UTC, with a fraction of a second or without", () => {
    assert.equal(instantOf("1970-01-01T00:00:01Z"), 1000);
    assert.equal(instantOf("1970-01-01T00:00:00.500Z"), 500);
  });

  for (const time of ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00+01:00"]) {
    it(`refuses ${time}, which is another moment elsewhere or isn't UTC`, () => {
      assert.equal(instantOf(time), null);
    });
  }

  for (const time of [null, undefined, 0, "", "now", "2026-13-01T00:00:00Z"]) {
    it(`refuses ${JSON.stringify(time) ?? "nothing"}`, () => assert.equal(instantOf(time), null));
  }
});

describe("isFromTheFuture", () => {
  const at = (time: string) => instantOf(time)!;

  it("begins five minutes after the moment of judging", () => {
    assert.equal(isFromTheFuture(at("2026-02-01T12:05:00Z"), candidate()), false);
    assert.equal(isFromTheFuture(at("2026-02-01T12:05:00.001Z"), candidate()), true);
  });

  it("says no of a version that comes back, which is judged as of its release", () => {
    const { history } = candidate();
    const back = candidate({ history: { ...history, releasedAt: "2026-01-10T12:00:00Z" } });
    assert.equal(isFromTheFuture(at("2030-01-01T00:00:00Z"), back), false);
  });

  it("says yes of everything when the moment of judging can't be read", () => {
    assert.equal(isFromTheFuture(0, candidate({ judgedAt: "now" })), true);
  });
});
