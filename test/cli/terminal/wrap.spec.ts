import assert from "node:assert/strict";
import { mock } from "node:test";
import fc from "fast-check";
import { Output } from "../../../cli/terminal/output";
import { table } from "../../../cli/terminal/table";
import { widthOf, wrapped } from "../../../cli/terminal/wrap";
import { capture } from "../support/streams";

describe("wrapped", () => {
  it("breaks between words, and keeps a command whole", () => {
    assert.equal(
      wrapped("Run it again with `tollgate up --stack a` and see.", 28),
      "Run it again with\n`tollgate up --stack a` and\nsee.",
    );
  });

  it("goes on behind a label, and leaves the rows of a table alone", () => {
    assert.equal(
      wrapped("registry  http://a, alias b -> 1", 24),
      "registry  http://a,\n          alias b -> 1",
    );
    assert.equal(wrapped("a  b  c d e f g h", 8), "a  b  c d e f g h");
  });

  it("loses and changes no word, whatever the text, and breaks only what is too wide", () => {
    const word = fc.constantFrom(
      "a",
      "word",
      "`tollgate up --stack x`",
      "\u001b[31mred\u001b[0m",
      "long".repeat(9),
    );
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1 }),
        fc.integer({ min: 10, max: 60 }),
        (words, columns) => {
          const text = words.join(" ");
          const lines = wrapped(text, columns).split("\n");
          assert.equal(lines.join(" "), text);
          for (const line of lines)
            assert.ok(widthOf(line) <= columns || !line.trim().includes(" "), line);
        },
      ),
    );
  });
});

describe("a table in a terminal of 80 columns", () => {
  const heads = ["part", "status", "from"];
  const rows = [
    ["engine", "ok", `/home/somebody/${"folder/".repeat(12)}pulumi`],
    [
      "python",
      "missing",
      "many words that say where it could be had and what would be there then, at length",
    ],
  ];

  it("fits, with every cell whole below itself", () => {
    const lines = table(heads, rows, {}, 80).split("\n");
    for (const line of lines) assert.ok(line.length <= 80, line);
    const column = lines.slice(1).map((line) => line.slice(17).trim());
    assert.equal(
      column.join("").replaceAll(" ", ""),
      rows
        .map(([, , from]) => from)
        .join("")
        .replaceAll(" ", ""),
    );
  });

  it("is as wide as it is where it has room", () => {
    assert.equal(table(heads, rows), table(heads, rows, {}, 500));
    assert.equal(table(heads, rows).split("\n").length, 3);
  });
});

describe("Output, on a terminal", () => {
  const narrow = () => {
    const streams = capture({ tty: true });
    Object.assign(streams.stdout, { columns: 20 });
    Object.assign(streams.stderr, { columns: 20 });
    return streams;
  };
  const sentence = "one two three four five six";

  it("breaks results and notes between words, and nothing in a pipe or in JSON", () => {
    const streams = narrow();
    const output = new Output(streams, false, false);
    output.note(sentence);
    output.finish({ document: {}, text: sentence });
    assert.deepEqual(
      [streams.err(), streams.out()],
      Array(2).fill("one two three four\nfive six\n"),
    );
    const pipe = capture();
    new Output(pipe, false, false).finish({ document: {}, text: sentence });
    const json = narrow();
    new Output(json, true, false).finish({ document: { sentence }, text: "" });
    assert.deepEqual([pipe.out(), json.out()], [`${sentence}\n`, `{"sentence":"${sentence}"}\n`]);
  });

  it("keeps what goes on in one row, which it can take back", () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
    const streams = narrow();
    const progress = new Output(streams, false, false).progress(
      "Waiting for process router, process scorer",
    );
    mock.timers.tick(2500);
    progress.end();
    mock.timers.reset();
    const rows = streams
      .err()
      .split("\r\u001b[K")
      .filter((row) => row !== "");
    assert.ok(rows.length > 0);
    for (const row of rows) assert.ok(row.length < 20, row);
  });

  it("knows what it noted, so that a command says nothing twice", () => {
    const output = new Output(capture(), false, false);
    output.note("first\nsecond");
    assert.deepEqual(
      ["first", "second", "third"].map((line) => output.wasNoted(line)),
      [true, true, false],
    );
  });
});
