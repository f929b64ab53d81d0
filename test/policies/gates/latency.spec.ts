import assert from "node:assert/strict";
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
        "churn-model v2 answers with a P95 latency of 12.25 ms, within the limit 50 ms (margin 37.75 ms).",
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
      "churn-model v2 answers with a P95 latency of 50.1 ms, above the limit 50 ms (margin -0.1 ms).",
    );
  });

  it("refuses a latency that is no number", () => {
    const finding = only(latency, withEvidence("latency", { p95Ms: NaN }), limit);
    assert.equal(finding.code, "not-finite");
    assert.equal(
      finding.reason,
      "churn-model v2 has a P95 latency of NaN, which is not a finite number, against the limit 50 ms.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(latency, "latency", limit));

  it("refuses settings without a limit, or with none above 0", () => {
    for (const settings of [{}, { p95Ms: 0 }, { p95Ms: "50" }]) {
      assert.equal(latency.settings.safeParse(settings).success, false, JSON.stringify(settings));
    }
  });
});
