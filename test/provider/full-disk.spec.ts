// A disk that is really full: a file system of 2 MB in memory, mounted where nobody else sees it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const root = path.join(__dirname, "..", "..");

describe("a release on a disk that fills up after the switch", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-full-"));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("puts traffic back, says which version answers and what to do, and loses no receipt", () => {
    const program = path.join(__dirname, "full-disk-release.ts");
    const mounted = `mount -t tmpfs -o size=2m none "$1" && exec "$2" --import tsx "$3" "$1"`;
    const words = ["--mount", "--map-root-user", "sh", "-c", mounted, "sh"];
    const printed = execFileSync("unshare", [...words, folder, process.execPath, program], {
      cwd: root,
      encoding: "utf8",
    });
    const { said, ...rest } = JSON.parse(printed) as { said: string };
    assert.match(
      said,
      /^the receipt of version 2 could not be written: cannot keep receipts: the disk is full; free some space, then run this again; the release was undone, callers get version 1 as before/,
    );
    assert.deepEqual(rest, { told: "1", receipts: ["1"], journal: true });
  });
});
