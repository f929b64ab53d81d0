import assert from "node:assert/strict";
import { smoke } from "../../../policies/gates/smoke";
import { candidate, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

describe("smoke", () => {
  it("passes a version whose scorer started and answered", () => {
    const finding = only(smoke, candidate());
    assert.equal(finding.passed, true);
    assert.equal(finding.reason, "churn-model v2 passed its smoke test.");
  });

  it("refuses a version whose scorer failed, with the detail", () => {
    const detail = "the model needs the package xgboost.";
    const finding = only(smoke, withEvidence("smoke", { passed: false, detail }));
    assert.equal(finding.code, "failed");
    assert.equal(
      finding.reason,
      "churn-model v2 failed its smoke test: the model needs the package xgboost.",
    );
  });

  it("refuses a failure without a detail", () => {
    const finding = only(smoke, withEvidence("smoke", { passed: false, detail: " " }));
    assert.equal(finding.reason, "churn-model v2 failed its smoke test: no detail was recorded.");
  });

  it("refuses an answer that is not plainly true", () => {
    const passed = "true" as unknown as boolean;
    assert.equal(only(smoke, withEvidence("smoke", { passed })).passed, false);
  });

  const withoutAnswers = (releasedAt: string | null) => {
    const { answers, ...older } = evidence;
    const judged = candidate({ evidence: older });
    return only(smoke, { ...judged, history: { ...judged.history, releasedAt } });
  };

  it("refuses a version whose answers weren't kept", () => {
    const finding = withoutAnswers(null);
    assert.equal(finding.code, "answers-not-kept");
    assert.equal(
      finding.reason,
      "churn-model v2 passed its smoke test, but its answers weren't kept, which a release compares with those of the new scorers; run `tollgate evaluate` for it again.",
    );
  });

  it("lets one come back that was released before answers were kept", () => {
    assert.equal(withoutAnswers("2026-01-01T12:00:00.000Z").passed, true);
  });

  describe("rows in other company", () => {
    const measured = { rows: 300, company: 0, aloneRows: 200, alone: 0, batching: true };

    it("passes when every answer is the same", () => {
      assert.equal(only(smoke, withEvidence("independence", measured)).passed, true);
    });

    for (const [what, change] of [
      ["in company", { company: 1 }],
      ["alone", { alone: 2 }],
    ] as const) {
      it(`refuses a version that answers otherwise ${what}`, () => {
        const finding = only(smoke, withEvidence("independence", { ...measured, ...change }));
        assert.equal(finding.code, "depends-on-other-rows");
        assert.match(finding.reason, /depend on other callers' rows/);
        assert.ok(finding.margin! < 0);
      });
    }

    it("passes such a version where each request is served by itself", () => {
      const dependent = { ...measured, company: 9, batching: false };
      const finding = only(smoke, withEvidence("independence", dependent), { batching: false });
      assert.equal(finding.passed, true);
    });

    it("refuses one that was evaluated the other way", () => {
      for (const batching of [true, false]) {
        const candidate = withEvidence("independence", { ...measured, batching: !batching });
        const finding = only(smoke, candidate, { batching });
        assert.equal(finding.code, "measured-otherwise");
      }
    });
  });

  it("refuses without evidence", () => refusesWithoutEvidence(smoke, "smoke test"));
});
