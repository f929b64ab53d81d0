import assert from "node:assert/strict";
import fc from "fast-check";
import { robustness } from "../../../policies/gates/robustness";
import type { Evidence } from "../../../registry/evidence";
import { candidate, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Measured = Evidence["robustness"][number];

const noise = { noise: {} };
const withRobustness = (...changed: Partial<Measured>[]) =>
  candidate({
    evidence: {
      ...evidence,
      robustness: changed.map((each) => ({ ...evidence.robustness[0]!, ...each })),
    },
  });
const judge = (change: Partial<Measured>, settings: object = noise) =>
  only(robustness, withRobustness(change), settings);

describe("robustness", () => {
  it("passes a model that loses little", () => {
    assert.deepEqual(only(robustness, candidate(), noise), {
      passed: true,
      subject: "noise",
      code: "ok",
      value: 0.0125,
      threshold: 0.05,
      margin: 0.0375,
      reason:
        "churn-model v2 goes from accuracy 0.9125 to 0.9 under noise of strength 0.1, a loss of 0.0125 on 400 rows of data/staging/eval.csv, within the limit 0.05 (margin 0.0375).",
    });
  });

  it("passes a loss of exactly the limit, though the binary fractions are a little more", () => {
    assert.ok(0.95 - 0.9 > 0.0499 + 1e-4 - 1e-12);
    assert.equal(judge({ baseline: 0.9, disturbed: 0.85 }).margin, 0);
    assert.equal(judge({ baseline: 0.95, disturbed: 0.9 }).passed, true);
  });

  it("refuses a loss above the limit", () => {
    const finding = judge({ baseline: 0.9, disturbed: 0.849 });
    assert.deepEqual(
      [finding.code, finding.value, finding.margin],
      ["lost-too-much", 0.051, -0.001],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 goes from accuracy 0.9 to 0.849 under noise of strength 0.1, a loss of 0.051 on 400 rows of data/staging/eval.csv, above the limit 0.05 (margin -0.001).",
    );
  });

  it("refuses so few distinct rows that nothing shows on them", () => {
    assert.equal(judge({ distinctRows: 30 }).passed, true);
    const finding = judge({ distinctRows: 29 });
    assert.deepEqual([finding.code, finding.value, finding.margin], ["too-few-rows", 29, -1]);
    assert.equal(
      finding.reason,
      "churn-model v2 was measured under noise of strength 0.1 on 29 distinct rows among 400 rows of data/staging/eval.csv, fewer than the 30 that are needed (margin -1).",
    );
    assert.equal(judge({ distinctRows: 5 }, { ...noise, minimumRows: 5 }).passed, true);
    assert.equal(judge({ distinctRows: undefined }).code, "not-measured");
  });

  it("passes a model that is better on disturbed rows", () => {
    assert.equal(judge({ baseline: 0.9, disturbed: 0.91 }).margin, 0.06);
  });

  it("refuses a model that fails, and says why", () => {
    const failure = "ValueError: Input X contains NaN.";
    const finding = judge({ disturbed: null, failure });
    assert.equal(finding.code, "failed");
    assert.equal(
      finding.reason,
      "churn-model v2 fails under noise of strength 0.1 on 400 rows of data/staging/eval.csv: ValueError: Input X contains NaN.",
    );
  });

  it("refuses a missing answer without a reason", () => {
    const finding = judge({ disturbed: null });
    assert.equal(finding.code, "failed");
    assert.match(finding.reason, /: no reason was recorded\.$/);
  });

  it("refuses predictions that are NaN or infinite, whatever was lost", () => {
    const failure = "3 of 400 predictions aren't finite numbers.";
    assert.equal(judge({ nonFinite: 3, disturbed: null, failure }).code, "not-finite");
    const finding = judge({ nonFinite: 3 });
    assert.deepEqual([finding.code, finding.value, finding.threshold], ["not-finite", 3, 0]);
    assert.equal(
      finding.reason,
      "churn-model v2 gives 3 predictions that are NaN or infinite under noise of strength 0.1 on 400 rows of data/staging/eval.csv, and none is allowed.",
    );
  });

  it("refuses values that are no numbers, or in another unit", () => {
    assert.equal(judge({ disturbed: NaN }).code, "not-finite");
    assert.equal(judge({ baseline: "0.9" as unknown as number }).code, "wrong-type");
    assert.equal(judge({ disturbed: 90 }).code, "wrong-unit");
    assert.equal(judge({ nonFinite: NaN }).code, "not-finite");
  });

  it("refuses a disturbance that was not measured", () => {
    const finding = only(robustness, candidate(), { missing: {} });
    assert.deepEqual([finding.code, finding.subject], ["not-measured", "missing"]);
    assert.equal(
      finding.reason,
      "churn-model v2 was not measured under missing values on data/staging/eval.csv; run `tollgate evaluate` again.",
    );
  });

  it("refuses a disturbance measured with another strength", () => {
    const finding = only(robustness, candidate(), { noise: { strength: 0.2 } });
    assert.deepEqual(
      [finding.code, finding.value, finding.threshold],
      ["measured-otherwise", 0.1, 0.2],
    );
    assert.equal(
      finding.reason,
      "churn-model v2 was measured under noise of strength 0.1, but the settings say 0.2; run `tollgate evaluate` again.",
    );
  });

  it("gives one finding for each disturbance in one order, whatever order they came in", () => {
    const strengths = {
      noise: 0.1,
      missing: 0.05,
      swapped: 0.05,
      outOfRange: 0.5,
      adversarial: 0.1,
    } as const;
    const kinds = Object.keys(strengths) as (keyof typeof strengths)[];
    const measured = kinds.map((kind) => ({ kind, strength: strengths[kind] }));
    const settings = (names: string[]) =>
      robustness.settings.parse(Object.fromEntries(names.map((name) => [name, {}])));
    const findings = robustness.check(withRobustness(...measured), settings(kinds));
    assert.deepEqual(
      findings.map(({ subject, threshold }) => [subject, threshold]),
      [
        ["noise", 0.05],
        ["missing", 0.05],
        ["swapped", 0.05],
        ["outOfRange", 0.05],
        ["adversarial", 0.15],
      ],
    );
    const reversed = withRobustness(...[...measured].reverse());
    assert.deepEqual(robustness.check(reversed, settings([...kinds].reverse())), findings);
  });

  it("refuses when it was switched on without a disturbance", () => {
    const finding = only(robustness, candidate());
    assert.equal(finding.code, "no-disturbance");
    assert.equal(
      finding.reason,
      "churn-model v2 can't be judged: tollgate:gates.robustness names no disturbance.",
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(robustness, "robustness", noise));

  it("refuses settings that can't be meant", () => {
    for (const settings of [
      { noise: { strength: 0 } },
      { noise: { lost: -0.1 } },
      { missing: { strength: 1.5 } },
      { swapped: { strength: 5 } },
      { blur: {} },
      { noise: true },
    ]) {
      assert.equal(robustness.settings.safeParse(settings).success, false);
    }
  });

  it("never passes a model that loses more than one it refused", () => {
    const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(accuracy, accuracy, (one, other) => {
        const passes = (disturbed: number) => judge({ disturbed }).passed;
        assert.ok(passes(Math.max(one, other)) || !passes(Math.min(one, other)));
      }),
    );
  });
});
