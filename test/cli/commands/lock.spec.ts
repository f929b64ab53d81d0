// The real command line; uv is a script that shows what it was asked.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../cli/program";
import { fakeProgram, withVariables } from "../../toolchain/helpers";
import { temporaryFolder } from "../support/project";
import { capture } from "../support/streams";

describe("tollgate lock", function () {
  this.timeout(20_000);
  let project: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    project = temporaryFolder({
      "Pulumi.yaml": "name: x\nruntime: nodejs\n",
      "requirements.in": "six\n",
    });
  });
  afterEach(() => project.remove());
  let path: string;
  before(() => (path = process.env.PATH ?? ""));
  withVariables(() => ({ PATH: `${join(project.dir, "bin")}:${path}` }));

  async function lock(...words: string[]) {
    const streams = capture();
    const code = await run(["lock", "--cwd", project.dir, ...words], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  /** As uv writes a lock: what it was asked, into the file that it was told. */
  const writes = 'all="$*"; while [ "$1" != --output-file ]; do shift; done; echo "$all" > "$2"';

  it("locks the project's packages with Tollgate's own, at Tollgate's versions and with hashes", async () => {
    fakeProgram(join(project.dir, "bin"), "uv", writes);
    const { code, out, err } = await lock();
    assert.equal(code, 0, err);
    const asked = readFileSync(join(project.dir, "requirements.lock"), "utf8");
    assert.match(asked, /^pip compile .*--generate-hashes/);
    assert.match(asked, / --constraints \S+\/serving\/requirements\.lock /);
    assert.match(asked, / requirements\.in \S+\/serving\/requirements\.in$/m);
    assert.match(out, /tollgate:python: \{requirements: requirements\.lock\}/);
  });

  it("says what uv said where it can't be, and changes nothing", async () => {
    fakeProgram(
      join(project.dir, "bin"),
      "uv",
      "echo 'six==0 and six==1 are incompatible' >&2; exit 1",
    );
    const { code, err } = await lock();
    assert.equal(code, 1);
    assert.match(
      err,
      /requirements\.in can't be locked together .*:\nsix==0 and six==1 are incompatible$/m,
    );
    assert.equal(existsSync(join(project.dir, "requirements.lock")), false);
  });

  it("says what to write where there is nothing to lock, and takes no other file", async () => {
    const none = await lock(join(project.dir, "other.in"));
    assert.deepEqual([none.code, /one a line such as/.test(none.err)], [1, true]);
    const wrong = await lock(join(project.dir, "Pulumi.yaml"));
    assert.deepEqual([wrong.code, /doesn't end in \.in/.test(wrong.err)], [64, true]);
  });
});
