// What is refused before Docker is asked: none of these may start anything.
import assert from "node:assert/strict";
import { run } from "../../../cli/program";
import { capture } from "../support/streams";

const wrong: [words: string[], said: RegExp][] = [
  [[], /one of build, push/],
  [["remove"], /one of build, push/],
  [["constructor"], /one of build, push/],
  [["build", "tollgate"], /doesn't take tollgate: .* --tag/],
  [["build", "--tag", "UPPER"], /--tag is "UPPER"/],
  [["push"], /Say which image/],
  [["push", "a/b:1", "c/d:2"], /Say which image/],
  [["push", "registry.example/tollgate"], /has no tag/],
  [["push", "tollgate:1"], /names no registry/],
  [["push", "registry.example/tollgate:1", "--pip-conf", "x"], /no --pip-conf/],
];

describe("tollgate image, wrongly called", () => {
  for (const [words, said] of wrong) {
    it(["image", ...words].join(" "), async () => {
      const streams = capture();
      assert.equal(await run(["image", ...words], streams), 64);
      assert.match(streams.err(), said);
      assert.equal(streams.out(), "");
    });
  }

  it("names a file for pip that isn't there", async () => {
    const streams = capture();
    assert.equal(await run(["image", "build", "--pip-conf", "/no/pip.conf"], streams), 1);
    assert.match(streams.err(), /^--pip-conf names \/no\/pip\.conf, which isn't there/);
  });
});
