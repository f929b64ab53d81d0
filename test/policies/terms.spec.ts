import assert from "node:assert/strict";
import { provenance } from "../../policies/gates/provenance";
import { differenceOfTerms, termsIn, termsOf } from "../../policies/terms";
import { candidate, evidence as measured } from "./fixtures";

const { classes: _, ...evidence } = measured;

const classes = {
  origin: "model",
  average: "binary",
  positive: "1",
  positiveBy: "setting",
} as const;

describe("what is measured of an answer", () => {
  const nothing = { positive: null, answer: null };

  it("is what the settings say, from a stack as from an admission", () => {
    const evaluation = {
      data: "eval.csv",
      label: "label",
      task: "classification",
      positive: "fraud",
      answer: { column: "p", threshold: 0.5 },
      digest: null,
      maxRows: 100,
    } as const;
    const wanted = { positive: "fraud", answer: { column: "p", threshold: 0.5 } };
    assert.deepEqual(termsOf(evaluation), wanted);
    assert.deepEqual(termsIn(JSON.stringify({ evaluation })), wanted);
    assert.equal(termsOf(null), null);
    for (const text of ["{}", "no JSON", '{"evaluation":{"positive":3}}']) {
      assert.equal(termsIn(text), null);
    }
  });

  it("differs where another class or column was measured", () => {
    const of = (changes: object) => ({ ...evidence, ...changes });
    const setting = (terms: typeof nothing | object, changes: object) =>
      differenceOfTerms({ ...nothing, ...terms }, of(changes))?.setting ?? null;
    assert.equal(setting({}, {}), null);
    assert.equal(setting({ positive: "1" }, { classes }), null);
    assert.equal(setting({ positive: "True" }, { classes }), null);
    assert.equal(setting({ positive: "0" }, { classes }), "positive");
    assert.equal(setting({}, { classes }), "positive");
    assert.equal(
      setting({ positive: "1" }, { classes: { ...classes, positiveBy: "rarer" } }),
      "positive",
    );
    assert.equal(setting({ positive: "1" }, {}), "positive");
    assert.equal(setting({ answer: { threshold: 0.5 } }, {}), "answer");
    assert.equal(setting({ answer: { threshold: 0.5 } }, { answer: { threshold: 0.4 } }), "answer");
    assert.equal(setting({ answer: { column: "a" } }, { answer: { column: "a" } }), null);
    assert.equal(setting({}, { answer: { argmax: true } }), "answer");
  });

  it("is refused by provenance when it is another one, but not of a version that comes back", () => {
    const terms = { positive: "0", answer: null };
    const judged = candidate({ evidence: { ...evidence, classes }, terms });
    const found = (of: typeof judged) =>
      provenance
        .check(of, provenance.settings.parse({}))
        .find(({ subject }) => subject === "positive");
    assert.equal(found(judged)?.code, "measured-otherwise");
    assert.equal(
      found(judged)?.reason,
      "churn-model v2 was measured with 1 for tollgate:evaluation.positive, but the settings say 0; run `tollgate evaluate` again.",
    );
    const history = { ...judged.history, releasedAt: "2026-01-01T00:00:00.000Z" };
    assert.equal(found({ ...judged, history }), undefined);
    assert.equal(found({ ...judged, terms: null }), undefined);
  });
});
