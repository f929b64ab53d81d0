import assert from "node:assert/strict";
import fc from "fast-check";
import { changesOf } from "../../policies/contract-changes";
import type { Evidence } from "../../registry/evidence";

type Signature = NonNullable<Evidence["signature"]>;
type Column = Signature["inputs"][number];

const column = (name: string, type: string, required = true): Column => ({ name, type, required });
const signature = (inputs: Column[], outputs = [column("prediction", "long")]): Signature => ({
  inputs,
  outputs,
});

/** Each change as its clause, marked where it breaks callers. */
const changes = (before: Signature, now: Signature) =>
  changesOf(before, now).map(({ text, breaks }) => (breaks ? `! ${text}` : text));
const ofInputs = (before: Column[], now: Column[]) => changes(signature(before), signature(now));

describe("changesOf", () => {
  it("finds none between a signature and itself", () => {
    const same = signature([column("tenure", "double"), column("region", "string", false)]);
    assert.deepEqual(changes(same, same), []);
  });

  for (const [from, to, change] of [
    ["integer", "long", "input a is widened from integer to long"],
    ["integer", "double", "input a is widened from integer to double"],
    ["long", "double", "input a is widened from long to double"],
    ["float", "double", "input a is widened from float to double"],
    ["long", "integer", "! input a is narrowed from long to integer"],
    ["double", "long", "! input a is narrowed from double to long"],
    ["double", "float", "! input a is narrowed from double to float"],
    ["integer", "float", "! input a is changed from integer to float"],
    ["long", "float", "! input a is changed from long to float"],
    ["string", "long", "! input a is changed from string to long"],
    ["long", "string", "! input a is changed from long to string"],
    ["boolean", "long", "! input a is changed from boolean to long"],
    ["long", "Array(long)", "! input a is changed from long to Array(long)"],
    ["constructor", "long", "! input a is changed from constructor to long"],
  ] as const) {
    it(`tells of ${from} that becomes ${to}`, () => {
      assert.deepEqual(ofInputs([column("a", from)], [column("a", to)]), [change]);
    });
  }

  it("tells of an input that becomes optional or required", () => {
    const [required, optional] = [[column("a", "long")], [column("a", "long", false)]];
    assert.deepEqual(ofInputs(required, optional), ["input a is now optional"]);
    assert.deepEqual(ofInputs(optional, required), ["! input a is now required"]);
  });

  it("tells of type and need of one input in that order", () => {
    assert.deepEqual(ofInputs([column("a", "long", false)], [column("a", "integer")]), [
      "! input a is narrowed from long to integer",
      "! input a is now required",
    ]);
  });

  it("tells of removed inputs in the earlier order, then of new ones", () => {
    const before = [column("b", "long"), column("a", "long", false), column("kept", "long")];
    const now = [column("kept", "long"), column("z", "long", false), column("y", "string")];
    assert.deepEqual(ofInputs(before, now), [
      "! input b (long) is removed",
      "! input a (long, optional) is removed",
      "input z (long, optional) is new and optional",
      "! input y (string) is new and required",
    ]);
  });

  for (const required of [undefined, null, "false", 0]) {
    it(`takes an input for required that is optional by ${JSON.stringify(required) ?? "nothing"}`, () => {
      const vague = { name: "a", type: "long", required } as unknown as Column;
      assert.deepEqual(ofInputs([], [vague]), ["! input a (long) is new and required"]);
      const optional = column("a", "long", false);
      assert.deepEqual(ofInputs([optional], [vague]), ["! input a is now required"]);
    });
  }

  it("tells of another order of the inputs that both have, whatever stands between them", () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => column(name, "long")) as [
      Column,
      Column,
      Column,
    ];
    assert.deepEqual(ofInputs([a, b], [b, a]), ["! inputs are reordered from a, b to b, a"]);
    const between = column("between", "long", false);
    assert.deepEqual(ofInputs([a, c], [a, between, c]), [
      "input between (long, optional) is new and optional",
    ]);
  });

  for (const [what, outputs, to] of [
    ["another name", [column("score", "long")], "score (long)"],
    ["another type", [column("prediction", "double")], "prediction (double)"],
    ["one more", [column("prediction", "long"), column("score", "double")], "prediction (long), score (double)"], // prettier-ignore
    ["one that may be missing", [column("prediction", "long", false)], "prediction (long, optional)"], // prettier-ignore
    ["none", [], ""],
  ] as const) {
    it(`tells of ${what} among the outputs, which always breaks`, () => {
      assert.deepEqual(changes(signature([]), signature([], [...outputs])), [
        `! output is changed from prediction (long) to ${to}`,
      ]);
    });
  }

  const inputs = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "c", "d"),
      type: fc.constantFrom("integer", "long", "float", "double", "string", "boolean"),
      required: fc.boolean(),
    }),
    { selector: ({ name }) => name },
  );

  it("never calls a way harmless of which a part breaks", () => {
    const breaks = (before: Column[], now: Column[]) =>
      changesOf(signature(before), signature(now)).some((change) => change.breaks);
    fc.assert(
      fc.property(inputs, inputs, inputs, (first, second, third) => {
        // Who could go from the first to the second and from there to the third can go all the way.
        const kept = second.filter(({ name }) => third.some((other) => other.name === name));
        fc.pre(kept.length === second.length);
        if (!breaks(first, second) && !breaks(second, third)) {
          assert.equal(breaks(first, third), false);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("tells nothing exactly when the two are the same", () => {
    fc.assert(
      fc.property(inputs, inputs, (before, now) => {
        const same = JSON.stringify(before) === JSON.stringify(now);
        assert.equal(ofInputs(before, now).length === 0, same);
      }),
      { numRuns: 500 },
    );
  });
});
