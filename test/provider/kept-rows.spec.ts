import assert from "node:assert/strict";
import { KeptRows } from "../../provider/release/kept-rows";
import type { Question } from "../../provider/release/scorer";
import { readKeptAnswers } from "../../registry/kept-answers";
import { pin } from "../support/fixtures";
import { keptAnswers, storedAnswers } from "../support/kept-answers";

function keptRows(document = keptAnswers(), alone = false): KeptRows {
  const { bytes, named } = storedAnswers(document);
  return new KeptRows(readKeptAnswers(bytes, pin, named), "classification", alone);
}

type Row = number[] | Record<string, number>;
type Body = Record<string, Row[]> & { dataframe_split?: { columns: string[]; data: Row[] } };

function rowsIn({ body }: Question): Row[] {
  const { features, instances, dataframe_records, dataframe_split } = JSON.parse(body) as Body;
  return (features ?? instances ?? dataframe_records ?? dataframe_split?.data)!;
}

const formatOf = ({ body }: Question) => Object.keys(JSON.parse(body) as object).join();

describe("KeptRows", () => {
  it("asks rows alone, in small and in large batches, by both routes and in the usual formats", () => {
    // Of several checks, so that chance leaves none of the ways out.
    const checks = Array.from({ length: 5 }, () => [...keptRows().check()]);
    for (const questions of checks) {
      const sizes = questions.map(({ rows }) => rows);
      assert.equal(sizes.filter((size) => size === 1).length, 100);
      assert.equal(sizes.filter((size) => size === 299).length, 1);
      const inSmall = sizes.filter((size) => size > 1 && size < 9).reduce((a, b) => a + b, 0);
      assert.ok(inSmall > 200 && inSmall < 400, `${inSmall} rows in small batches`);
    }
    const sizes = new Set(checks.flat().map(({ rows }) => rows));
    assert.deepEqual(sizes, new Set([1, 2, 3, 4, 5, 6, 7, 8, 299]));
    for (const alone of [true, false]) {
      const asked = checks.flat().filter(({ rows }) => (rows === 1) === alone);
      const formats = asked.map((question) => `${question.path} ${formatOf(question)}`);
      assert.deepEqual(
        new Set(formats),
        new Set(["/predict features", "/invocations instances", "/invocations dataframe_split"]),
      );
    }
  });

  it("draws others each time, each row once before any comes twice", () => {
    const firsts = () => {
      const rows = keptRows();
      return Array.from({ length: 400 }, () => rowsIn(rows.one())[0]);
    };
    const [once, again] = [firsts(), firsts()];
    assert.equal(new Set(once.map((row) => JSON.stringify(row))).size, 400);
    assert.notDeepEqual(once, again);
  });

  it("has a row twice in each small batch of three and more", () => {
    const small = [...keptRows().check()].filter(({ rows }) => rows > 2 && rows < 9);
    assert.ok(small.length > 20);
    for (const question of small) {
      const rows = rowsIn(question).map((row) => JSON.stringify(row));
      assert.equal(new Set(rows).size, rows.length - 1);
    }
  });

  it("asks as often where few rows were kept", () => {
    const sizes = [...keptRows(keptAnswers(3)).check()].map(({ rows }) => rows);
    assert.equal(sizes.length, 161);
    assert.ok(sizes.includes(299));
  });

  it("splits a large batch of long rows into requests that a scorer takes", () => {
    const long = keptAnswers(4);
    const rows = long.rows.map((_, index) => [index, "x".repeat(100_000)]);
    const large = keptRows({ ...long, rows })
      .closing()
      .filter(({ rows }) => rows > 8);
    assert.equal(
      large.reduce((sum, { rows }) => sum + rows, 0),
      299,
    );
    assert.ok(large.length > 2 && large.every(({ body }) => body.length < 16 * 1024 * 1024));
  });

  it("asks rows as objects and rows without names in formats that take them", () => {
    const formats = (change: object) =>
      new Set([...keptRows({ ...keptAnswers(), ...change }).check()].map(formatOf));
    assert.deepEqual(formats({ columns: null }), new Set(["features", "instances"]));
    const rows = keptAnswers().rows.map((_, index) => ({ tenure: index }));
    assert.deepEqual(formats({ rows }), new Set(["features", "instances", "dataframe_records"]));
  });

  it("asks one by one alone where answers depend on the other rows of a request", () => {
    const kept = keptRows(keptAnswers(4), true);
    const asked = [...kept.check(), ...kept.closing()].map(({ rows }) => rows);
    assert.deepEqual([asked.length, new Set(asked)], [299, new Set([1])]);
  });

  it("asks numbers with the digits that were kept, and tells answers with others", () => {
    const text = JSON.stringify({ ...keptAnswers(1), answers: ["long"] })
      .replace("[0,0]", "[9007199254740993,1.0]")
      .replace('"long"', "9007199254740993");
    const { bytes, named } = storedAnswers(text);
    const kept = new KeptRows(readKeptAnswers(bytes, pin, named), "classification", true);
    for (const { body, difference } of kept.check()) {
      assert.ok(body.includes("[[9007199254740993,1.0]]"), body);
      assert.equal(difference!([9007199254740993n]), null);
      const other = difference!([2 ** 53])!;
      assert.match(other, /with 9007199254740992, where its evaluation got 9007199254740993 /);
    }
  });

  it("writes what nobody would see as escapes where it says which answer is another one", () => {
    const { bytes, named } = storedAnswers(
      JSON.stringify({ ...keptAnswers(1), answers: ["mark"] }).replace("mark", "a\\u202eb"),
    );
    const kept = new KeptRows(readKeptAnswers(bytes, pin, named), "classification", true);
    assert.match(
      kept.one().difference!(["\u001b[31m"])!,
      /with "\\u001b\[31m", .* got "a\\u202eb" /,
    );
  });

  it("says which row was answered otherwise, with both answers and how it was asked", () => {
    const kept = keptRows(keptAnswers(4));
    const several = Array.from({ length: 5 }, () => [...kept.check()]).flat();
    const question = several.find(({ rows }) => rows === 5)!;
    const right = rowsIn(question).map((row) => ((row as number[])[0]! > 0.5 ? 1 : 0));
    assert.equal(question.difference!(right), null);
    const wrong = right.map((value, index) => (index === 2 ? 1 - value : value));
    const [first] = rowsIn(question)[2] as number[];
    assert.equal(
      question.difference!(wrong),
      `answers row ${first! * 4 + 1} of its 4 kept answers with ${wrong[2]}, where its evaluation got ${right[2]} (asked in a batch of 5 by POST ${question.path}); mend what else its answers depend on, or evaluate it again`,
    );
  });

  it("takes MLflow's record of one value for the value, where MLflow's own route answered it", () => {
    const asked = Array.from({ length: 5 }, () => [...keptRows().check()]).flat();
    for (const path of ["/predict", "/invocations"]) {
      const question = asked.find((each) => each.path === path && Array.isArray(rowsIn(each)[0]))!;
      const right = rowsIn(question).map((row) => ((row as number[])[0]! > 0.5 ? 1 : 0));
      const records = (values: number[]) => values.map((value) => ({ "0": value }));
      assert.equal(question.difference!(records(right)) === null, path === "/invocations");
      assert.notEqual(question.difference!(records(right.map((value) => 1 - value))), null);
      assert.notEqual(question.difference!(right.map((value) => ({ a: value, b: value }))), null);
    }
  });
});
