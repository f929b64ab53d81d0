import assert from "node:assert/strict";
import { mock } from "node:test";
import { duration, withProgress } from "../../toolchain/progress";

/** A stream that remembers what is written to it. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stream: { isTTY, columns: 20, write } as unknown as NodeJS.WriteStream };
}

describe("withProgress", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval", "Date"] }));
  afterEach(() => mock.timers.reset());

  it("says nothing about work that is done at once", async () => {
    const { written, stream: target } = stream(false);
    assert.equal(
      await withProgress(async (progress) => (progress("Working"), "done"), target),
      "done",
    );
    assert.deepEqual(written, []);
  });

  it("writes one line in the first 15 seconds where a line can't be rewritten", async () => {
    const { written, stream: target } = stream(false);
    await withProgress((progress) => {
      progress("Working");
      for (let second = 0; second < 15; second++) mock.timers.tick(1000);
      return Promise.resolve();
    }, target);
    assert.deepEqual(written, ["Working (1 s)\n"]);
  });

  it("rewrites one line on a terminal, cut to its width, and clears it in the end", async () => {
    const { written, stream: target } = stream(true);
    await withProgress((progress) => {
      progress("Working on something long");
      mock.timers.tick(1_200);
      return Promise.resolve();
    }, target);
    assert.deepEqual(written, ["\r\x1b[2KWorking on somethin", "\r\x1b[2K"]);
  });
});

describe("duration", () => {
  it("writes seconds below a minute, minutes and seconds above", () => {
    assert.deepEqual(
      [duration(8), duration(59), duration(60), duration(185)],
      ["8 s", "59 s", "1 min 0 s", "3 min 5 s"],
    );
  });
});
