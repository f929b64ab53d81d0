import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packDigest } from "../../pack/digest";
import { digestOf } from "../support/evidence";
import { judgedProject, tollgate } from "./support/judged-project";

describe("tollgate pack", () => {
  let project: ReturnType<typeof judgedProject>;
  afterEach(() => project.remove());

  const pack = (...words: string[]) => tollgate("pack", ...words, "--cwd", project.dir);

  it("says what judges now where nothing is recorded and nothing was released", async () => {
    project = judgedProject();
    const { code, out } = await pack();
    assert.equal(code, 0);
    assert.equal(
      out,
      `judges now    ${packDigest()}\nstack's file  none is recorded\nlast release  nothing was released yet\n`,
    );
  });

  it("says that the stack was reviewed under other gates, and how to record these", async () => {
    project = judgedProject(`  tollgate:pack: ${digestOf("b")}\n`);
    const { out } = await pack();
    assert.match(out, /^stack's file {2}another, sha256:bbbbbbbbbbbb$/m);
    assert.match(out, /run `tollgate pack --record --stack staging`\.$/m);
    const json = await pack("--json");
    assert.deepEqual(JSON.parse(json.out), {
      stack: "staging",
      digest: packDigest(),
      pinned: digestOf("b"),
      lastRelease: null,
      recorded: false,
    });
  });

  it("records the digest as one line of the stack's file, and every other byte stays", async () => {
    project = judgedProject("  # kept\n");
    const file = join(project.dir, "Pulumi.staging.yaml");
    const before = readFileSync(file, "utf8");
    const { code, out } = await pack("--record");
    assert.equal(code, 0);
    assert.match(out, /^stack's file {2}the same$/m);
    const after = readFileSync(file, "utf8");
    const line = `  tollgate:pack: ${packDigest()}\n`;
    assert.ok(after.includes(line));
    assert.equal(after.replace(line, ""), before);
    assert.equal((await pack("--json", "--record")).code, 0);
    assert.equal(readFileSync(file, "utf8"), after);
  });
});
