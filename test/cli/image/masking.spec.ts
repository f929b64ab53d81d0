import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { maskOf } from "../../../cli/image/masking";

describe("maskOf", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-mask-"));
  after(() => fs.rmSync(folder, { recursive: true }));

  function masked(settings: string, said: string): string {
    const file = path.join(folder, "pip.conf");
    fs.writeFileSync(file, settings);
    return maskOf(file)(said);
  }

  const address = "index-url = https://ada:s3c%40ret@host.example/simple";
  for (const [what, settings, said, wanted] of [
    [
      "an address in a line that pip can't read and quotes",
      address,
      `File contains no section headers.\n'${address}\\n'`,
      "File contains no section headers.\n'index-url = https://****@host.example/simple\\n'",
    ],
    [
      "a decoded password",
      `[global]\n${address}`,
      "401 for ada with s3c@ret",
      "401 for ada with ****",
    ],
    [
      "a token in an address's path",
      "[global]\nextra-index-url = https://host.example/t0ken-of-ours/simple/",
      "Looking in https://host.example/t0ken-of-ours/simple/",
      "Looking in https://host.example****/simple/",
    ],
    [
      "an address that isn't in the settings",
      "[global]",
      "proxy http://me:pw@proxy.example:3128",
      "proxy http://****@proxy.example:3128",
    ],
    [
      "nothing else",
      `[global]\n${address}`,
      "RUN pip of ada at /simple",
      "RUN pip of ada at /simple",
    ],
  ] as const) {
    it(`takes out ${what}`, () => {
      assert.equal(masked(settings, said), wanted);
    });
  }

  it("takes out addresses' names and passwords where there are no settings", () => {
    assert.equal(maskOf(undefined)("git+https://tok@host/x"), "git+https://****@host/x");
  });
});
