import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hideBackend, prepareBackend } from "../../../cli/engine/backend";
import { temporaryFolder } from "../support/project";

const states = "state/.pulumi/stacks/x/dev.json";
const locks = "state/.pulumi/locks/organization/x/dev/1.json";

describe("prepareBackend", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const exists = (name: string) => existsSync(join(folder.dir, name));

  /** A project whose backend is the folder `state`. */
  function projectWith(files: Record<string, string> = {}): void {
    const backend = "backend: { url: 'file://./state?metadata=skip' }";
    folder = temporaryFolder({ "Pulumi.yaml": `name: x\n${backend}\n`, ...files });
  }
  afterEach(() => folder.remove());

  it("makes the folder of a file backend, and leaves other backends alone", () => {
    projectWith();
    prepareBackend(folder.dir, { PULUMI_BACKEND_URL: "s3://bucket" });
    assert.equal(exists("state"), false);
    prepareBackend(folder.dir, {});
    assert.equal(exists("state"), true);
  });

  for (const [what, text, stays] of [
    ["is empty", "", false],
    ["ends in the middle", '{"user.content_type":"te', false],
    ["is whole", '{"user.content_type":"text/plain"}\n', true],
  ] as const) {
    it(`${stays ? "keeps" : "removes"} what lies beside a state or a lock when it ${what}`, () => {
      projectWith({
        [states]: "",
        [`${states}.attrs`]: text,
        [locks]: "",
        [`${locks}.attrs`]: text,
      });
      prepareBackend(folder.dir, {});
      assert.deepEqual([exists(`${states}.attrs`), exists(`${locks}.attrs`)], [stays, stays]);
      assert.deepEqual([exists(states), exists(locks)], [true, true]);
    });
  }

  it("knows the home folder by its sign", () => {
    projectWith({ [`${states}.attrs`]: "" });
    const home = process.env.HOME;
    process.env.HOME = folder.dir;
    try {
      prepareBackend("/", { PULUMI_BACKEND_URL: "file://~/state" });
    } finally {
      process.env.HOME = home;
    }
    assert.equal(exists(`${states}.attrs`), false);
  });
});

describe("hideBackend", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  afterEach(() => folder.remove());
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", folder.dir, ...words], { encoding: "utf8" });

  /** What git sees after a run of the engine; `.pulumi` is there, and `more` was done with it before. */
  function seen(url: string, state: string, more: () => void = () => {}): string {
    folder = temporaryFolder({
      "Pulumi.yaml": `name: x\nbackend: { url: '${url}' }\n`,
      [state]: "version: 1\n",
    });
    git("init", "--quiet");
    more();
    hideBackend(folder.dir, {});
    return git("status", "--porcelain", "--untracked-files=all");
  }

  it("leaves nothing of a state inside the project for git to see", () => {
    assert.equal(seen("file://.?metadata=skip", ".pulumi/meta.yaml"), "?? Pulumi.yaml\n");
  });

  it("leaves alone a state that somebody commits", () => {
    const add = () => void git("add", ".pulumi");
    assert.match(seen("file://.", ".pulumi/meta.yaml", add), /^A {2}\.pulumi\/meta\.yaml$/m);
    assert.equal(existsSync(join(folder.dir, ".pulumi", ".gitignore")), false);
  });

  it("leaves alone what is no state of this project", () => {
    seen("file:///tmp/elsewhere-that-is-not-there", ".pulumi/meta.yaml");
    assert.equal(existsSync(join(folder.dir, ".pulumi", ".gitignore")), false);
  });
});
