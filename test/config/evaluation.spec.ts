import assert from "node:assert/strict";
import { resolveSettings } from "../../config/resolve";
import { SettingsError } from "../../project/errors";

const place = {
  stack: "staging",
  projectDir: "/projects/churn",
  requirements: "/opt/requirements",
};

function evaluated(changes: object) {
  const evaluation = { data: "eval.csv", label: "is_fraud", ...changes };
  return resolveSettings({ tier: "staging", model: "fraud", evaluation }, place).evaluation!;
}

function problemsOf(changes: object): readonly string[] {
  try {
    evaluated(changes);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.problems;
  }
  return assert.fail("nothing was refused");
}

describe("tollgate:evaluation", () => {
  it("names no class and measures the whole answer by default", () => {
    const { label, positive, answer, task } = evaluated({});
    assert.deepEqual(
      { label, positive, answer, task },
      { label: "is_fraud", positive: null, answer: null, task: "classification" },
    );
  });

  for (const [given, name] of [
    ["fraud", "fraud"],
    [1, "1"],
    [0, "0"],
    [1.5, "1.5"],
    [true, "True"],
    [false, "False"],
  ] as const) {
    it(`takes the class ${JSON.stringify(given)} by its name ${name}`, () => {
      assert.equal(evaluated({ positive: given }).positive, name);
      assert.deepEqual(evaluated({ answer: { argmax: [given, "other"] } }).answer, {
        argmax: [name, "other"],
      });
    });
  }

  for (const changes of [
    { answer: { column: "class" } },
    { answer: { column: 1 } },
    { answer: { threshold: 0.5 }, positive: "fraud" },
    { answer: { column: "p", threshold: -2 }, positive: "fraud" },
    { answer: { argmax: true } },
    { answer: { column: "price" }, task: "regression" },
    { label: ["price", "days"], task: "regression" },
    { label: ["is_fraud"] },
  ]) {
    it(`takes ${JSON.stringify(changes)}`, () => assert.ok(evaluated(changes)));
  }

  const none = "expected none, as a regression has no class";
  for (const [changes, field, text] of [
    [
      { answer: { threshold: 0.5 } },
      "positive",
      "expected the class that answer.threshold is about",
    ],
    [{ answer: { argmax: true, column: "a" } }, "answer", "expected argmax alone"],
    [{ answer: { argmax: ["a"] } }, "answer.argmax", "expected"],
    [{ answer: { column: -1 } }, "answer.column", "expected"],
    [{ answer: { colum: "a" } }, "answer.colum", ""],
    [{ task: "regression", positive: "1" }, "positive", none],
    [{ task: "regression", answer: { threshold: 1 } }, "answer.threshold", none],
    [{ task: "regression", answer: { argmax: true } }, "answer.argmax", none],
    [{ label: ["a", "b"] }, "label", "expected one column, as a classification has one"],
    [{ label: [] }, "label", "expected"],
    [
      { label: ["a", "b"], task: "regression", answer: { column: "a" } },
      "answer.column",
      "expected none, as each label has a column of its own",
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      const problems = problemsOf(changes);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.ok(problems[0]!.startsWith(`tollgate:evaluation.${field}: `), problems[0]);
      assert.ok(problems[0]!.includes(text), problems[0]);
    });
  }
});
