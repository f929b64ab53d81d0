import assert from "node:assert/strict";
import { mock } from "node:test";
import { duration, Output } from "../../../cli/terminal/output";
import { table } from "../../../cli/terminal/table";
import { capture } from "../support/streams";

const outcome = { document: { a: 1 }, text: "one" };

describe("Output", () => {
  it("prints the text for a person and the document for --json", () => {
    for (const [json, expected] of [
      [false, "one\n"],
      [true, '{"a":1}\n'],
    ] as const) {
      const streams = capture();
      new Output(streams, json, false).finish(outcome);
      assert.deepEqual([streams.out(), streams.err()], [expected, ""]);
    }
  });

  it("keeps notes off stdout", () => {
    const streams = capture();
    new Output(streams, true, false).note("working");
    assert.deepEqual([streams.out(), streams.err()], ["", "working\n"]);
  });

  it("colours on a terminal only, and not with NO_COLOR or --json", () => {
    const painted = (tty: boolean, json: boolean, environment: NodeJS.ProcessEnv) =>
      new Output(capture({ tty }), json, false, environment).paint("red", "x");
    assert.equal(painted(true, false, {}), "\u001b[31mx\u001b[0m");
    assert.equal(painted(false, false, {}), "x");
    assert.equal(painted(true, true, {}), "x");
    assert.equal(painted(true, false, { NO_COLOR: "1" }), "x");
  });

  it("says after two seconds that something goes on, and for how long", () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
    const streams = capture();
    const progress = new Output(streams, false, false).progress("Training");
    mock.timers.tick(1900);
    assert.equal(streams.err(), "");
    mock.timers.tick(200);
    progress.end();
    mock.timers.reset();
    assert.match(streams.err(), /^Training \.\.\. 2\.\d s\n$/);
  });
});

describe("duration", () => {
  it("uses minutes from one minute on", () => {
    assert.equal(duration(4230), "4.2 s");
    assert.equal(duration(185_000), "3 min 05 s");
  });
});

describe("table", () => {
  it("aligns columns and colours cells without breaking the alignment", () => {
    const text = table(
      ["a", "status"],
      [
        ["long name", "ok"],
        ["x", "bad"],
      ],
      { 1: (cell) => `<${cell}>` },
    );
    assert.equal(text, "a          status\nlong name  <ok>\nx          <bad>");
  });
});
