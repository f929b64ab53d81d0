import assert from "node:assert/strict";
import { missingClass, sameClass } from "../../policies/classes";
import { betterThanTrivial } from "../../policies/gates/better-than-trivial";
import { fairness } from "../../policies/gates/fairness";
import { metricFloor } from "../../policies/gates/metric-floor";
import type { Evidence } from "../../registry/evidence";
import { candidate, evidence, only } from "./fixtures";

type Counted = NonNullable<NonNullable<Evidence["support"]>["classes"]>[number];

const counted = (value: string, rows: number, predicted: number): Counted => ({
  value,
  rows,
  distinctRows: rows,
  predicted,
});

/** Evidence of a classification with these classes. */
function of(classes: Counted[], positive: string | null = null, changes: Partial<Evidence> = {}) {
  const average = positive === null ? "macro" : "binary";
  const positiveBy = positive === null ? null : "rarer";
  return candidate({
    evidence: {
      ...evidence,
      classes: { origin: "model", average, positive, positiveBy },
      support: { distinctRows: 400, positive, classes },
      ...changes,
    },
  });
}

const never = [counted("fraud", 20, 0), counted("legit", 380, 400)];
const oneClass = [counted("legit", 400, 400)];
const absent = [counted("se", 200, 200), counted("ve", 200, 197), counted("vi", 0, 0)];
const whole = [counted("fraud", 160, 155), counted("legit", 240, 245)];

describe("a class without rows or predictions", () => {
  const cases = [
    [
      "never predicted",
      never,
      "fraud",
      "never-predicted",
      "it never predicts class fraud, of which data/staging/eval.csv has 20 rows; train it on more rows of every class, or with weights for the rare ones.",
    ],
    [
      "absent",
      absent,
      null,
      "class-absent",
      "data/staging/eval.csv has no row of class vi, which the model knows; evaluate it on rows of every class.",
    ],
    [
      "alone",
      oneClass,
      null,
      "class-absent",
      "data/staging/eval.csv has rows of class legit alone, and two classes are needed to tell any from another; evaluate it on rows of every class.",
    ],
  ] as const;

  for (const [name, classes, positive, code, why] of cases) {
    for (const metric of ["precision", "recall", "f1", "f1_macro", "recall_weighted"]) {
      it(`is refused by a floor of ${metric}, whatever its value: ${name}`, () => {
        for (const value of [0, 0.95, 1]) {
          const judged = of([...classes], positive, { metrics: { [metric]: value } });
          const found = only(metricFloor, judged, { floors: { [metric]: 0.8 } });
          assert.deepEqual([found.passed, found.code, found.value], [false, code, value]);
          assert.equal(found.reason, `churn-model v2 can't be judged by its ${metric}: ${why}`);
        }
      });
    }

    it(`leaves accuracy to the comparison with a constant, which refuses it: ${name}`, () => {
      const judged = of([...classes], positive);
      assert.equal(only(metricFloor, judged, { floors: { accuracy: 0.9 } }).code, "ok");
      const trivial = only(betterThanTrivial, judged);
      assert.deepEqual([trivial.code, trivial.subject], [code, "balanced-accuracy"]);
      assert.ok(trivial.reason.endsWith(why), trivial.reason);
      assert.equal(only(betterThanTrivial, judged, { everyClass: false }).code, "ok");
    });

    it(`is refused by fairness: ${name}`, () => {
      const found = only(fairness, of([...classes], positive), { columns: ["gender"] });
      assert.deepEqual([found.code, found.subject], [code, "classes"]);
    });

    it(`lets a version come back that was released before: ${name}`, () => {
      const { evidence: measured, history } = of([...classes], positive);
      const released = { ...history, releasedAt: "2026-01-01T00:00:00.000Z" };
      assert.equal(missingClass({ history: released }, measured!, "it", { subject: null }), null);
    });
  }

  it("isn't there when every class has rows and is predicted", () => {
    const judged = of(whole, "fraud");
    assert.equal(only(metricFloor, judged, { floors: { recall: 0.8 } }).code, "ok");
    assert.equal(only(betterThanTrivial, judged).code, "ok");
  });

  it("can't be told of numbers, and of more than a thousand classes", () => {
    const { history } = candidate();
    const support = { distinctRows: 400, positive: null, classes: null };
    assert.equal(
      missingClass({ history }, { ...evidence, support }, "it", { subject: null }),
      null,
    );
  });

  it("is named up to four times", () => {
    const many = ["a", "b", "c", "d", "e", "f"].map((name) => counted(name, 0, 1));
    const found = only(metricFloor, of(many), { floors: { f1: 0.5 } });
    assert.match(
      found.reason,
      /has no row of classes a, b, c, d and 2 more, which the version predicts;/,
    );
  });

  for (const [title, predicted, known] of [
    [
      "that is predicted, as the model may not know it",
      [3],
      "class vi, which the version predicts",
    ],
    ["that is never predicted", [0], "class vi, which the model knows"],
    ["of both kinds", [3, 0], "classes vi, vo, which the model knows or the version predicts"],
  ] as const) {
    it(`is said to come from where it does: one ${title}`, () => {
      const lacking = predicted.map((times, place) => counted(["vi", "vo"][place]!, 0, times));
      const found = only(metricFloor, of([...whole, ...lacking]), { floors: { f1: 0.5 } });
      assert.ok(found.reason.includes(`has no row of ${known};`), found.reason);
    });
  }
});

describe("averages over classes", () => {
  const metrics = { f1: 0.9, f1_macro: 0.9, f1_weighted: 0.9, recall_macro: 0.9 };
  const few = [counted("fraud", 12, 12), counted("legit", 388, 388)];

  it("need rows of each class, also where one class is the positive one", () => {
    const judged = of([counted("fraud", 388, 388), counted("legit", 6, 6)], "fraud", { metrics });
    assert.equal(only(metricFloor, judged, { floors: { f1: 0.8 } }).code, "ok");
    const macro = only(metricFloor, judged, { floors: { recall_macro: 0.8 } });
    assert.deepEqual([macro.code, macro.value, macro.threshold], ["too-few-rows", 6, 7]);
    assert.equal(
      only(metricFloor, of(few, "fraud", { metrics }), { floors: { recall_macro: 0.8 } }).code,
      "ok",
    );
  });

  it("are shares, so that a limit in another unit is refused", () => {
    const judged = of(whole, "fraud", { metrics: { f1_weighted: 90 } });
    assert.equal(only(metricFloor, judged, { floors: { f1_weighted: 0.8 } }).code, "wrong-unit");
    assert.throws(() => metricFloor.settings.parse({ floors: { f1_macro: 90 } }), /from 0 to 1/);
  });
});

describe("sameClass", () => {
  for (const [left, right, same] of [
    ["fraud", "fraud", true],
    ["1", "1.0", true],
    ["True", "1", true],
    ["false", "0", true],
    ["01", "1", true],
    ["fraud", "legit", false],
    ["1", "2", false],
    ["one", "1", false],
  ] as const) {
    it(`${left} and ${right}: ${same}`, () => assert.equal(sameClass(left, right), same));
  }
});
