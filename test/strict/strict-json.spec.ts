import assert from "node:assert/strict";
import fc from "fast-check";
import { type JsonLimits, parseStrictJson, StrictJsonError } from "../../strict/strict-json";

const limits: JsonLimits = { bytes: 1_000_000, depth: 8, values: 10_000 };
const parse = (text: string | Buffer) => parseStrictJson(Buffer.from(text), limits);

function refuses(text: string | Buffer, said: string | RegExp): void {
  assert.throws(
    () => parse(text),
    (error) => {
      assert.ok(error instanceof StrictJsonError, String(error));
      if (typeof said === "string") assert.equal(error.message, said);
      else assert.match(error.message, said);
      return true;
    },
  );
}

describe("parseStrictJson", () => {
  it("reads what JSON.parse reads, in whatever white space and escapes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2, "\t"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        fc.pre(!/\\u(?:00[0189]|20[26]|[dD])|__proto__/.test(text));
        fc.pre(!/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text));
        assert.deepEqual(parse(text), JSON.parse(text));
      }),
    );
  });

  it("reads a whole character written as two escapes", () => {
    assert.deepEqual(parse('["\\ud83d\\ude00"]'), ["😀"]);
  });

  it("hands bare numbers that aren't JSON on as texts, and leaves them alone inside texts", () => {
    assert.deepEqual(
      parse('{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN, -Infinity", "d": -1}'),
      {
        a: "NaN",
        b: ["-Infinity", "Infinity"],
        c: "NaN, -Infinity",
        d: -1,
      },
    );
  });

  it("takes the same name in two objects for two fields", () => {
    assert.deepEqual(parse('[{"a": {"a": 1}}, {"a": ["a", "a"]}]'), [
      { a: { a: 1 } },
      { a: ["a", "a"] },
    ]);
  });

  it("refuses a field given twice, also when it is spelled differently or in a list", () => {
    refuses('{"a": 1, "a": 1}', 'it has the field "a" twice');
    refuses('{"a": {"b": 1}, "\\u0061": 2}', 'it has the field "a" twice');
    refuses('[0, {"x": [], "y": {}, "x": {}}]', 'it has the field "x" twice');
  });

  it("refuses __proto__, however it is spelled", () => {
    refuses('{"__proto__": {}}', 'it has a field "__proto__"');
    refuses('{"\\u005f_proto__": {}}', 'it has a field "__proto__"');
  });

  it("refuses half a character, a control character and a change of direction", () => {
    refuses('["\\ud83d"]', "it has a text with half a character (a lone surrogate)");
    refuses('{"\\ude00": 1}', "it has a text with half a character (a lone surrogate)");
    refuses('["\\u001b[31m"]', "it has a text with the control character U+001B");
    refuses('["a\\u0000"]', "it has a text with the control character U+0000");
    refuses('["a\u202eb"]', "it has a text with the control character U+202E");
  });

  it("takes unseen characters as escapes alone, where a document is read by programs", () => {
    const read = (text: string) => parseStrictJson(Buffer.from(text), limits, { escapes: true });
    assert.deepEqual(read('["\\u001b[31m", "a\\u202eb"]'), ["\u001b[31m", "a\u202eb"]);
    assert.throws(() => read('["a\u202eb"]'), { message: /the control character U\+202E/ });
    assert.throws(() => read('["\\ud83d"]'), { message: /half a character/ });
  });

  it("reads whole numbers beyond 2^53 to the digit where that is asked for", () => {
    const text = Buffer.from('[9007199254740993, 1, "9007199254740993", NaN]');
    const [long, ...others] = parseStrictJson(text, limits, { exact: true }) as unknown[];
    assert.equal(long, 9007199254740993n);
    assert.deepEqual(others, [1, "9007199254740993", "NaN"]);
    assert.equal((parseStrictJson(text, limits) as unknown[])[0], 2 ** 53);
  });

  it("refuses a byte-order mark and bytes that aren't UTF-8", () => {
    refuses("\ufeff{}", "it starts with a byte-order mark");
    refuses(Buffer.from([0x22, 0xff, 0x22]), "it is not UTF-8 text");
    refuses(Buffer.from("{}", "utf16le"), /^it is not JSON/);
  });

  it("allows exactly the limits and refuses one more", () => {
    const list = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    assert.doesNotThrow(() => parse(list(8)));
    refuses(list(9), "it is nested deeper than the 8 levels that are allowed");
    const flat = (entries: number) => `[${Array(entries).fill(1).join()}]`;
    assert.doesNotThrow(() => parse(flat(10_000)));
    refuses(flat(10_001), "it has more than the 10000 values that are allowed");
    const long = (bytes: number) => `"${"a".repeat(bytes - 2)}"`;
    assert.doesNotThrow(() => parse(long(1_000_000)));
    refuses(long(1_000_001), "it is longer than the 1000000 bytes that are allowed");
  });

  it("refuses what isn't JSON at all", () => {
    for (const text of ["", " ", "{", '"', '"\\', "[1,]", "{'a': 1}", "nan", "01", "[1] 2"]) {
      refuses(text, /^it is not JSON \(/);
    }
  });

  it("throws nothing but its own error, whatever the bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\-NaIu0e.𝄞\u0000 '.split("")), maxLength: 60 }),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          parse(Buffer.from(given as Uint8Array));
        } catch (error) {
          assert.ok(error instanceof StrictJsonError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no longer for escaped quotes without an end than for other text", () => {
    const startedAt = performance.now();
    const hostile = `["${'\\"'.repeat(490_000)}`;
    refuses(hostile, /^it is not JSON/);
    assert.ok(performance.now() - startedAt < 2000);
  });
});
