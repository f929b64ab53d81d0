import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { writeWhole } from "../../project/whole-file";

describe("writeWhole", () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-whole-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("replaces a file, and leaves nothing beside it", () => {
    const file = path.join(folder, "a.json");
    writeWhole(file, "old");
    writeWhole(file, "new");
    assert.equal(fs.readFileSync(file, "utf8"), "new");
    assert.deepEqual(fs.readdirSync(folder), ["a.json"]);
  });

  it("makes a file with the mode that is asked for", () => {
    const file = path.join(folder, "secret");
    writeWhole(file, "s", 0o600);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  });

  it("leaves nothing behind where it can't, and says so", () => {
    const file = path.join(folder, "taken");
    fs.mkdirSync(path.join(file, "by a folder"), { recursive: true });
    assert.throws(() => writeWhole(file, "new"));
    assert.deepEqual(fs.readdirSync(folder), ["taken"]);
  });
});
