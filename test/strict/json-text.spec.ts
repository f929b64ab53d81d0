import assert from "node:assert/strict";
import fc from "fast-check";
import { exactJson, fieldText, itemTexts, parseExactJson } from "../../strict/json-text";

/** JSON of any value, numbers of any length among it, with what it means. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(null, true, "9007199254740993", '"[9007199254740993,', "\\"),
    fc.array(tie("value")),
    fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { noNullPrototype: true }),
  ),
}));

const isLong = (value: bigint) => !Number.isSafeInteger(Number(value));

/** BigInts where a number can't hold the value, numbers elsewhere. */
function asRead(value: unknown): unknown {
  if (typeof value === "bigint") return isLong(value) ? value : Number(value);
  if (Array.isArray(value)) return value.map(asRead);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asRead(each)]));
}

describe("parseExactJson", () => {
  it("reads every digit of whole numbers, and all else as JSON.parse does", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        // A double of many digits is a long whole number as JavaScript writes it.
        fc.pre(
          !/\d{16}/.test(
            JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? "" : each)),
          ),
        );
        assert.deepEqual(parseExactJson(exactJson(value)), asRead(value));
      }),
    );
  });

  it("leaves numbers that aren't whole or have an exponent, and numbers in texts", () => {
    const text =
      '[9007199254740993.0, 9007199254740993e0, 1e400, "9007199254740993", -9007199254740993]';
    const [whole, exponent, huge, words, least] = parseExactJson(text) as unknown[];
    assert.deepEqual([whole, exponent, huge], [2 ** 53, 2 ** 53, Infinity]);
    assert.deepEqual([words, least], ["9007199254740993", -9007199254740993n]);
  });

  it("refuses what JSON.parse refuses", () => {
    for (const text of [
      "01234567890123456789",
      "[9007199254740993",
      "1 9007199254740993",
      "--9007199254740993",
    ]) {
      assert.throws(() => parseExactJson(text), SyntaxError);
    }
  });
});

describe("fieldText and itemTexts", () => {
  it("give what is written, to the letter", () => {
    const rows = ["[9007199254740993, 1.0]", '{"a]": "\\"],[", "b": [[], {}]}', "[]"];
    const text = `{"x": {"rows": [0]}, "\\u0072ows" :[ ${rows.join(" , ")} ], "y": 1}`;
    assert.deepEqual(itemTexts(fieldText(text, "rows")!), rows);
    assert.equal(fieldText(text, "y"), "1");
    assert.equal(fieldText(text, "z"), null);
    assert.deepEqual(itemTexts("[ ]"), []);
  });

  it("give values that mean what the whole means", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (items, space) => {
        const text = JSON.stringify({ before: ["}", 1], items, after: {} }, null, space);
        const found = itemTexts(fieldText(text, "items")!);
        assert.deepEqual(
          found.map((each) => JSON.parse(each) as unknown),
          JSON.parse(JSON.stringify(items)),
        );
      }),
    );
  });
});

describe("exactJson", () => {
  it("writes what nobody would see as escapes", () => {
    assert.equal(
      exactJson({ "\u202e": ["\u001b[31m", "\n", "\u0085"] }),
      '{"\\u202e":["\\u001b[31m","\\n","\\u0085"]}',
    );
  });
});
