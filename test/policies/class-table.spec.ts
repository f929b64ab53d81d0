import assert from "node:assert/strict";
import { classLines, classMarkdown } from "../../policies/class-table";
import { compliantEvidence } from "../support/evidence";

const counted = (value: string, rows: number, predicted: number) => ({
  value,
  rows,
  distinctRows: rows,
  predicted,
});

describe("classLines", () => {
  const classes = {
    origin: "model",
    average: "binary",
    positive: "fraud",
    positiveBy: "rarer",
  } as const;
  const support = {
    distinctRows: 400,
    positive: "fraud",
    classes: [counted("fraud", 21, 16), counted("legit", 379, 384)],
  };

  it("shows the rows of each class, and asks for the setting where the class was guessed", () => {
    assert.deepEqual(classLines({ ...compliantEvidence(), classes, support }), [
      "class  rows  distinct  predicted",
      "fraud    21        21         16",
      "legit   379       379        384",
      "",
      "precision, recall and f1 are those of fraud, the rarer of two: binary (classes: the model names them). Say which class they are about in tollgate:evaluation.positive.",
    ]);
  });

  it("calls neither the rarer where both have as many rows", () => {
    const even = { ...support, classes: [counted("fraud", 200, 16), counted("legit", 200, 384)] };
    assert.match(
      classLines({ ...compliantEvidence(), classes, support: even }).at(-1)!,
      /are those of fraud, one of two with as many rows: .* Say which class they are about in/,
    );
  });

  it("asks for nothing where the settings say it, and names the mean of more classes", () => {
    const said = { ...classes, positiveBy: "setting" } as const;
    const [named] = classLines({ ...compliantEvidence(), classes: said, support }).slice(-1);
    assert.equal(
      named,
      "precision, recall and f1 are those of fraud, by tollgate:evaluation.positive: binary (classes: the model names them).",
    );
    const more = { origin: "training-data", average: "macro", positive: null, positiveBy: null };
    const [macro] = classLines({
      ...compliantEvidence(),
      classes: more as typeof classes & typeof more,
      support,
    } as ReturnType<typeof compliantEvidence>).slice(-1);
    assert.equal(
      macro,
      "precision, recall and f1 are plain means over the classes: macro (classes: the training data has them).",
    );
  });

  it("shows those with the fewest rows of many, in their order", () => {
    const many = Array.from({ length: 50 }, (_, index) => counted(`c${index}`, 50 - index, 1));
    const lines = classLines({
      ...compliantEvidence(),
      classes,
      support: { ...support, classes: many },
    });
    assert.match(lines[1]!, /^c30 /);
    assert.equal(lines[21], "and 30 more with more rows");
  });

  it("says nothing of evidence that names no classes", () => {
    const { classes: _, ...older } = compliantEvidence();
    assert.deepEqual(classLines(older), []);
  });
});

describe("classMarkdown", () => {
  const classes = { origin: "model", average: "macro", positive: null, positiveBy: null } as const;
  const support = {
    distinctRows: 3,
    positive: null,
    classes: [counted("a|b", 1, 2), counted("<b>", 2, 1)],
  };

  it("is a table whose cells stay cells, and says what the metrics are", () => {
    assert.deepEqual(classMarkdown({ ...compliantEvidence(), classes, support }), [
      "#### Classes",
      "",
      "| class | rows | distinct | predicted |",
      "| --- | ---: | ---: | ---: |",
      "| a\\|b | 1 | 1 | 2 |",
      "| &lt;b> | 2 | 2 | 1 |",
      "",
      "precision, recall and f1 are plain means over the classes: macro (classes: the model names them).",
    ]);
  });

  it("is nothing where the evidence names no classes", () => {
    const { classes: _, ...older } = compliantEvidence();
    assert.deepEqual(classMarkdown(older), []);
  });
});
