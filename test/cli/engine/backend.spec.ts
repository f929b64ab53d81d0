import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prepareBackend } from "../../../cli/engine/backend";
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
