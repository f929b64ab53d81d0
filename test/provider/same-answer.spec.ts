import assert from "node:assert/strict";
import fc from "fast-check";
import { relativeTolerance, sameAnswerAs } from "../../provider/release/same-answer";

describe("sameAnswerAs", () => {
  const cases: {
    title: string;
    kept: unknown[];
    task: "classification" | "regression";
    wanted: unknown;
    got: unknown;
    same: boolean;
  }[] = [
    { title: "equal classes", kept: [0, 1], task: "classification", wanted: 1, got: 1, same: true },
    {
      title: "another class",
      kept: [0, 1],
      task: "classification",
      wanted: 1,
      got: 0,
      same: false,
    },
    {
      title: "a class of many digits beside the next",
      kept: [40150001, 40150002],
      task: "classification",
      wanted: 40150001,
      got: 40150002,
      same: false,
    },
    {
      title: "a class that is nearly whole",
      kept: [0, 1],
      task: "classification",
      wanted: 1,
      got: 1.0000001,
      same: false,
    },
    {
      title: "equal texts",
      kept: ["a"],
      task: "classification",
      wanted: "a",
      got: "a",
      same: true,
    },
    {
      title: "other texts",
      kept: ["a"],
      task: "classification",
      wanted: "a",
      got: "b",
      same: false,
    },
    {
      title: "a text for a number",
      kept: [1],
      task: "regression",
      wanted: 1,
      got: "1",
      same: false,
    },
    {
      title: "a boolean for a number",
      kept: [1],
      task: "classification",
      wanted: 1,
      got: true,
      same: false,
    },
    {
      title: "numbers as near as 32-bit floats",
      kept: [0.3, 12345.678],
      task: "regression",
      wanted: 12345.678,
      got: 12345.685,
      same: true,
    },
    {
      title: "numbers a little too far apart",
      kept: [0.3, 12345.678],
      task: "regression",
      wanted: 12345.678,
      got: 12345.698,
      same: false,
    },
    {
      title: "a sum that nearly cancels out, beside usual ones",
      kept: [80, -120, 3e-6],
      task: "regression",
      wanted: 3e-6,
      got: 4e-5,
      same: true,
    },
    {
      title: "small numbers beside one that is huge",
      kept: [0.1, 0.2, 0.3, 1e9],
      task: "regression",
      wanted: 0.1,
      got: 0.2,
      same: false,
    },
    {
      title: "records of a class and its probability",
      kept: [
        { label: 1, p: [0.25, 0.75] },
        { label: 0, p: [0.5, 0.5] },
      ],
      task: "classification",
      wanted: { label: 1, p: [0.25, 0.75] },
      got: { p: [0.2500001, 0.7499999], label: 1 },
      same: true,
    },
    {
      title: "a record with another class",
      kept: [{ label: 1, p: 0.75 }],
      task: "classification",
      wanted: { label: 1, p: 0.75 },
      got: { label: 0, p: 0.75 },
      same: false,
    },
    {
      title: "a record with a field too many",
      kept: [{ p: 0.75 }],
      task: "classification",
      wanted: { p: 0.75 },
      got: { p: 0.75, q: 1 },
      same: false,
    },
    {
      title: "a list for a record",
      kept: [{ 0: 0.5 }],
      task: "regression",
      wanted: { 0: 0.5 },
      got: [0.5],
      same: false,
    },
    {
      title: "a list that is shorter",
      kept: [[0.5, 0.5]],
      task: "regression",
      wanted: [0.5, 0.5],
      got: [0.5],
      same: false,
    },
  ];
  // Beyond 2^53, where numbers have gaps.
  const long = 9007199254740993n;
  for (const task of ["classification", "regression"] as const) {
    cases.push(
      { title: `a long number (${task})`, kept: [long], task, wanted: long, got: long, same: true },
      {
        title: `the long number before (${task})`,
        kept: [long],
        task,
        wanted: long,
        got: Number(long),
        same: false,
      },
      {
        title: `a long number for one that numbers hold (${task})`,
        kept: [1, 2 ** 53],
        task,
        wanted: 2 ** 53,
        got: long,
        same: false,
      },
      {
        title: `a record with the long number after (${task})`,
        kept: [{ id: long }],
        task,
        wanted: { id: long },
        got: { id: long + 1n },
        same: false,
      },
    );
  }
  for (const { title, kept, task, wanted, got, same } of cases) {
    it(`${same ? "takes" : "refuses"} ${title}`, () => {
      assert.equal(sameAnswerAs(kept, task)(wanted, got), same);
    });
  }

  it("takes every number that 32-bit floats can't tell from the kept one, and none twice the tolerance away", () => {
    const number = fc.double({ min: 1e-30, max: 1e30, noNaN: true });
    fc.assert(
      fc.property(number, (wanted) => {
        const same = sameAnswerAs([wanted, wanted / 3 + 0.1], "regression");
        assert.ok(same(wanted, Math.fround(wanted)));
        const usual = Math.max(wanted, wanted / 3 + 0.1);
        assert.ok(!same(wanted, wanted + 2 * relativeTolerance * usual));
      }),
    );
  });
});
