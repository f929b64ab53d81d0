import assert from "node:assert/strict";
import fc from "fast-check";
import { latency } from "../../../policies/gates/latency";
import { candidate, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const limit = { p95Ms: 50 };

describe("latency", () => {
  it("passes a P95 below the limit", () => {
    assert.deepEqual(only(latency, candidate(), limit), {
      passed: true,
      subject: "p95",
      code: "ok",
      value: 12.25,
      threshold: 50,
      margin: 37.75,
      reason:
        "churn-model v2 answers with a P95 latency of 12.25 ms over 200 requests by 1 caller at a time, within the limit 50 ms (margin 37.75 ms).",
    });
  });

  it("passes a P95 exactly at the limit", () => {
    const finding = only(latency, withEvidence("latency", { p95Ms: 50 }), limit);
    assert.equal(finding.passed, true);
    assert.equal(finding.margin, 0);
  });

  it("refuses a P95 above the limit", () => {
    const finding = only(latency, withEvidence("latency", { p95Ms: 50.1 }), limit);
    assert.equal(finding.code, "above-limit");
    assert.equal(finding.margin, -0.1);
    assert.equal(
      finding.reason,
      "churn-model v2 answers with a P95 latency of 50.1 ms over 200 requests by 1 caller at a time, above the limit 50 ms (margin -0.1 ms).",
    );
  });

  for (const [machine, words] of [
    [{}, ""],
    [{ rounds: 1, load: 0.02 }, ""],
    [{ rounds: 3, load: 0.05 }, ""],
    [
      { rounds: 5, load: 0.624 },
      ", the quietest of 5 rounds, while other work took 62 % of the processors",
    ],
    [{ rounds: 1, load: 0.5 }, " while other work took 50 % of the processors"],
    [{ rounds: 5 }, ", the middle one of 5 rounds"],
  ] as const) {
    it(`says of a machine with ${JSON.stringify(machine)} what it may have added`, () => {
      const judged = withEvidence("latency", { p95Ms: 60, ...machine });
      assert.equal(
        only(latency, judged, limit).reason,
        `churn-model v2 answers with a P95 latency of 60 ms over 200 requests by 1 caller at a time${words}, above the limit 50 ms (margin -10 ms).`,
      );
    });
  }

  const wrong: [unknown, string, string][] = [
    [NaN, "not-finite", "NaN, which is not a finite number"],
    ["12", "wrong-type", '"12", which is not a number'],
    [-3, "wrong-unit", "-3, which can't be below 0"],
  ];
  for (const [value, code, text] of wrong) {
    it(`refuses a latency of ${text}`, () => {
      const finding = only(latency, withEvidence("latency", { p95Ms: value as number }), limit);
      assert.equal(finding.code, code);
      assert.equal(
        finding.reason,
        `churn-model v2 answers with a P95 latency of ${text}, over 200 requests by 1 caller at a time, against the limit 50 ms.`,
      );
    });
  }

  it("gives one finding for each limit, in the order of the percentiles", () => {
    const settings = latency.settings.parse({ p99Ms: 20, p95Ms: 50, p50Ms: 1 });
    assert.deepEqual(
      latency.check(candidate(), settings).map(({ subject, code }) => [subject, code]),
      [
        ["p50", "above-limit"],
        ["p95", "ok"],
        ["p99", "ok"],
      ],
    );
  });

  it("refuses a latency measured with another number of callers", () => {
    const finding = only(latency, candidate(), { p95Ms: 50, concurrency: 4 });
    assert.deepEqual(
      [finding.code, finding.subject, finding.value, finding.threshold],
      ["measured-otherwise", "concurrency", 1, 4],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 had its latency measured with 1 caller at a time, but the settings say 4 callers at a time; run `tollgate evaluate` again.",
    );
  });

  it("never passes a slower version than one it refused", () => {
    const time = fc.double({ min: 0, max: 1000, noNaN: true });
    fc.assert(
      fc.property(time, time, (one, other) => {
        const passes = (p95Ms: number) =>
          only(latency, withEvidence("latency", { p95Ms }), limit).passed;
        assert.ok(passes(Math.min(one, other)) || !passes(Math.max(one, other)));
      }),
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(latency, "latency", limit));

  it("refuses settings without a P95 limit, with one that isn't above 0, or without callers", () => {
    for (const settings of [
      {},
      { p95Ms: 0 },
      { p95Ms: "50" },
      { p95Ms: 50, p50Ms: 0 },
      { p95Ms: 50, concurrency: 0 },
      { p95Ms: 50, concurrency: 1.5 },
    ]) {
      assert.equal(latency.settings.safeParse(settings).success, false, JSON.stringify(settings));
    }
  });
});
