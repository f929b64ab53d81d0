import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { nearest, parseInWords, pathText } from "../../strict/problems";

/** The one problem a schema has with a value, as `path: text`. */
function problem(schema: z.ZodType, value: unknown): string {
  const { problems } = parseInWords(schema, value);
  assert.equal(problems?.length, 1);
  return `${pathText(problems[0]!.path)}: ${problems[0]!.text}`;
}

describe("parseInWords", () => {
  it("gives what the schema makes of a value that is right", () => {
    const schema = z.strictObject({ n: z.number().default(3) });
    assert.deepEqual(parseInWords(schema, {}), { data: { n: 3 }, problems: null });
  });

  for (const [schema, value, expected] of [
    [z.number().positive(), 0, "got 0, expected a number of more than 0"],
    [z.number().lt(5), 5, "got 5, expected a number of less than 5"],
    [z.string().max(2), "abc", 'got "abc", expected a text of at most 2 characters'],
    [z.boolean(), "yes", 'got "yes", expected true or false'],
    [z.literal("tollgate.evidence/1"), "v2", 'got "v2", expected tollgate.evidence/1'],
    [z.array(z.string()), {}, "got {}, expected a list"],
    [z.iso.datetime(), "today", 'got "today", expected a time in UTC such as 2026-01-31T12:00:00Z'],
    [z.union([z.string(), z.boolean()]), 1, "got 1, expected a text or true or false"],
    [z.string(), undefined, "missing, expected a text"],
    [z.number(), "x".repeat(80), `got "${"x".repeat(56)}..., expected a number`],
  ] as const) {
    it(`says "${expected}"`, () => {
      assert.equal(problem(z.strictObject({ a: schema }), { a: value }), `a: ${expected}`);
    });
  }

  it("finds the allowed keys inside records and defaults", () => {
    const inner = z.strictObject({ level: z.string().optional() }).default({});
    const schema = z.strictObject({ all: z.record(z.string(), inner).optional() });
    assert.equal(
      problem(schema, { all: { x: { levle: "a" } } }),
      "all.x.levle: unknown key, did you mean level?",
    );
  });
});

describe("pathText", () => {
  it("joins keys by dots and positions by brackets", () => {
    assert.equal(pathText(["train", "command", 0]), "train.command[0]");
    assert.equal(pathText([]), "");
  });
});

describe("nearest", () => {
  it("finds a word with two letters swapped, one missing or one too many", () => {
    for (const word of ["scroer", "scoer", "scorrer"]) {
      assert.equal(nearest(word, ["stage", "scorer"]), "scorer");
    }
  });

  it("finds nothing like a word of another kind", () => {
    assert.equal(nearest("colour", ["kind", "port"]), undefined);
    assert.equal(nearest("at", ["by"]), undefined);
    assert.equal(nearest("a", []), undefined);
  });

  it("finds every word of four letters or more itself", () => {
    const word = fc.string({ minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(word, fc.array(word), (known, others) => {
        assert.equal(nearest(known, [known, ...others]), known);
      }),
    );
  });
});
