import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { duration, withProgress } from "../../toolchain/progress";

/** A stream that remembers what is written to it. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stream: { isTTY, columns: 20, write } as unknown as NodeJS.WriteStream };
}

describe("withProgress", function () {
  this.timeout(10_000);

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
    await withProgress(async (progress) => {
      progress("Working");
      await sleep(2_200);
    }, target);
    assert.deepEqual(written, ["Working (1 s)\n"]);
  });

  it("rewrites one line on a terminal, cut to its width, and clears it in the end", async () => {
    const { written, stream: target } = stream(true);
    await withProgress(async (progress) => {
      progress("Working on something long");
      await sleep(1_200);
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
