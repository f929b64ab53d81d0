import assert from "node:assert/strict";
import { join } from "node:path";
import { readFileUpTo } from "../../cli/input";
import { temporaryFolder } from "./support/project";

describe("readFileUpTo", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const at = (file: string) => join(folder.dir, file);
  before(() => (folder = temporaryFolder({ short: "short", long: "x".repeat(200_000), none: "" })));
  after(() => folder.remove());

  it("reads a whole file, also an empty one and one of several reads", () => {
    assert.deepEqual(readFileUpTo(at("short"), 5), Buffer.from("short"));
    assert.deepEqual(readFileUpTo(at("none"), 5), Buffer.alloc(0));
    assert.deepEqual(readFileUpTo(at("long"), 1_000_000), Buffer.alloc(200_000, "x"));
  });

  it("reads one byte beyond the limit and no more", () => {
    assert.deepEqual(readFileUpTo(at("short"), 3), Buffer.from("shor"));
    assert.deepEqual(readFileUpTo(at("long"), 100_000), Buffer.alloc(100_001, "x"));
    assert.deepEqual(readFileUpTo("/dev/zero", 10), Buffer.alloc(11));
  });

  it("says why there is nothing to read", () => {
    const none = at("nothing");
    assert.deepEqual(readFileUpTo(none, 5), { absent: `there is no file ${none}` });
    const below = at("short/below");
    assert.deepEqual(readFileUpTo(below, 5), { absent: `there is no file ${below}` });
    assert.deepEqual(readFileUpTo(folder.dir, 5), { absent: `${folder.dir} is a folder` });
  });
});
