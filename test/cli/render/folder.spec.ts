import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { mock } from "node:test";
import { reportOf } from "../../../cli/errors";
import { differencesIn, listName, writeRendering } from "../../../cli/render/folder";
import type { RenderedFiles } from "../../../runtimes/operations";
import { temporaryFolder } from "../support/project";

const first: RenderedFiles = new Map([
  ["kustomization.yaml", "resources: [scorer/deployment-a.yaml]\n"],
  ["scorer/deployment-a.yaml", "a: 1\n"],
  ["scorer/service-scorer.yaml", "s: 1\n"],
]);
const second: RenderedFiles = new Map([
  ["kustomization.yaml", "resources: [scorer/deployment-b.yaml]\n"],
  ["scorer/deployment-b.yaml", "b: 1\n"],
  ["scorer/service-scorer.yaml", "s: 1\n"],
]);

/** All files below a folder with their texts, the list left out. */
function contentOf(folder: string): Record<string, string> {
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => fs.lstatSync(path.join(folder, file)).isFile() && file !== listName)
    .sort();
  return Object.fromEntries(
    files.map((file) => [file, fs.readFileSync(path.join(folder, file), "utf8")]),
  );
}

describe("writeRendering", () => {
  let parent: ReturnType<typeof temporaryFolder>;
  let folder: string;
  beforeEach(() => {
    parent = temporaryFolder();
    folder = path.join(parent.dir, "rendered", "prod");
  });
  afterEach(() => {
    mock.restoreAll();
    parent.remove();
  });

  it("writes every file into a folder that it makes", async () => {
    const differences = await writeRendering(folder, "prod", first);
    assert.deepEqual(contentOf(folder), Object.fromEntries(first));
    assert.deepEqual(
      differences.map(({ file, change }) => `${change} ${file}`),
      [
        "added kustomization.yaml",
        "added scorer/deployment-a.yaml",
        "added scorer/service-scorer.yaml",
      ],
    );
  });

  it("changes nothing the second time, not even a file's time", async () => {
    await writeRendering(folder, "prod", first);
    const long = new Date(0);
    const files = [...first.keys(), listName];
    for (const file of files) fs.utimesSync(path.join(folder, file), long, long);
    assert.deepEqual(await writeRendering(folder, "prod", first), []);
    for (const file of files) assert.equal(fs.statSync(path.join(folder, file)).mtimeMs, 0, file);
  });

  it("removes what an earlier rendering wrote and this one hasn't, and an empty folder with it", async () => {
    await writeRendering(folder, "prod", new Map([...first, ["database/service-db.yaml", "d\n"]]));
    const differences = await writeRendering(folder, "prod", second);
    assert.deepEqual(contentOf(folder), Object.fromEntries(second));
    assert.equal(fs.existsSync(path.join(folder, "database")), false);
    assert.deepEqual(
      differences.map(({ file, change }) => `${change} ${file}`),
      [
        "removed database/service-db.yaml",
        "changed kustomization.yaml",
        "removed scorer/deployment-a.yaml",
        "added scorer/deployment-b.yaml",
      ],
    );
  });

  it("touches no file that somebody put beside", async () => {
    await writeRendering(folder, "prod", first);
    fs.writeFileSync(path.join(folder, "scorer", "notes.md"), "mine\n");
    fs.writeFileSync(path.join(folder, "OWNERS"), "ann\n");
    await writeRendering(folder, "prod", second);
    assert.deepEqual(contentOf(folder), {
      ...Object.fromEntries(second),
      OWNERS: "ann\n",
      "scorer/notes.md": "mine\n",
    });
  });

  it("writes over what was edited by hand", async () => {
    await writeRendering(folder, "prod", first);
    fs.writeFileSync(path.join(folder, "scorer", "service-scorer.yaml"), "s: 2\n");
    await writeRendering(folder, "prod", first);
    assert.deepEqual(contentOf(folder), Object.fromEntries(first));
  });

  it("leaves the earlier rendering as it was when the disk is full", async () => {
    await writeRendering(folder, "prod", first);
    const before = contentOf(folder);
    const write = fs.writeFileSync.bind(fs);
    mock.method(fs, "writeFileSync", (file: string, text: string) => {
      if (!file.endsWith("deployment-b.yaml")) return write(file, text);
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", path: file });
    });
    const failure = await writeRendering(folder, "prod", second).catch(reportOf);
    mock.restoreAll();
    assert.deepEqual(contentOf(folder), before);
    assert.match(
      (failure as { message: string }).message,
      /^The disk is full, so \S+ can't be written: free some space and run this again\.$/,
    );
    assert.deepEqual(fs.readdirSync(folder).sort(), [listName, "kustomization.yaml", "scorer"]);
  });

  it("completes what a kill left half done, and forgets none of its files", async () => {
    await writeRendering(folder, "prod", first);
    const rename = fs.renameSync.bind(fs);
    let renamed = 0;
    mock.method(fs, "renameSync", (from: string, to: string) => {
      // The list that holds both, then one file.
      if (renamed === 2) throw new Error("killed");
      renamed += 1;
      rename(from, to);
    });
    await assert.rejects(writeRendering(folder, "prod", second), /killed/);
    mock.restoreAll();
    await writeRendering(folder, "prod", first);
    assert.deepEqual(contentOf(folder), Object.fromEntries(first));
    await writeRendering(folder, "prod", second);
    assert.deepEqual(contentOf(folder), Object.fromEntries(second));
  });

  it("lets two at once end with the whole of one", async () => {
    await Promise.all([
      writeRendering(folder, "prod", first),
      writeRendering(folder, "prod", second),
    ]);
    const content = contentOf(folder);
    const wholes = [first, second].map((files) => JSON.stringify([...files].sort()));
    assert.ok(wholes.includes(JSON.stringify(Object.entries(content))), JSON.stringify(content));
  });

  const refusals: [string, (folder: string) => void, RegExp][] = [
    [
      "a folder with other files",
      (at) => {
        fs.mkdirSync(at, { recursive: true });
        fs.writeFileSync(path.join(at, "thesis.txt"), "");
      },
      /^\S+prod holds files and no \.tollgate-rendered, so no rendering wrote it: name a new or an empty folder with --out\.$/,
    ],
    [
      "a file in the folder's place",
      (at) => {
        fs.mkdirSync(path.dirname(at));
        fs.writeFileSync(at, "");
      },
      /^\S+prod is a file, or below one: name a folder with --out\.$/,
    ],
    [
      "a folder below a file",
      (at) => fs.writeFileSync(path.dirname(at), ""),
      /^\S+prod is a file, or below one: name a folder with --out\.$/,
    ],
    [
      "a folder of another stack",
      (at) => {
        fs.mkdirSync(at, { recursive: true });
        fs.writeFileSync(path.join(at, listName), '{"stack":"staging","files":[]}');
      },
      /^\S+prod holds what was rendered for staging: name another folder for prod with --out\.$/,
    ],
    [
      "a list that is no JSON",
      (at) => {
        fs.mkdirSync(at, { recursive: true });
        fs.writeFileSync(path.join(at, listName), "<<<<<<< HEAD");
      },
      /rendered isn't a list that a rendering wrote: restore it, or name a new or an empty folder with --out\.$/,
    ],
    [
      "a list that names a file elsewhere",
      (at) => {
        fs.mkdirSync(at, { recursive: true });
        fs.writeFileSync(path.join(at, listName), '{"stack":"prod","files":["../thesis.txt"]}');
      },
      /rendered isn't a list that a rendering wrote: restore it/,
    ],
    [
      "a file of somebody else's that has one of our names",
      (at) => {
        fs.mkdirSync(path.join(at, "scorer"), { recursive: true });
        fs.writeFileSync(path.join(at, listName), '{"stack":"prod","files":[]}');
        fs.writeFileSync(path.join(at, "scorer", "deployment-a.yaml"), "mine\n");
      },
      /deployment-a\.yaml is in the way and no rendering wrote it: move it, or name another folder with --out\.$/,
    ],
    [
      "a link in the place of one of our folders",
      (at) => {
        const elsewhere = path.join(at, "..", "elsewhere");
        fs.mkdirSync(elsewhere, { recursive: true });
        fs.mkdirSync(at, { recursive: true });
        fs.writeFileSync(path.join(at, listName), '{"stack":"prod","files":[]}');
        fs.symlinkSync(elsewhere, path.join(at, "scorer"));
      },
      /scorer is in the way and no rendering wrote it/,
    ],
  ];
  for (const [what, prepare, message] of refusals) {
    it(`refuses ${what} and writes nothing`, async () => {
      prepare(folder);
      const before = contentOf(parent.dir);
      await assert.rejects(writeRendering(folder, "prod", first), { message });
      assert.deepEqual(contentOf(parent.dir), before);
    });
  }

  it("refuses a folder that can't be written in one sentence", async () => {
    fs.mkdirSync(path.dirname(folder));
    fs.chmodSync(path.dirname(folder), 0o555);
    fs.chmodSync(parent.dir, 0o755);
    const failure = await asNobody(() => writeRendering(folder, "prod", first).catch(reportOf));
    assert.equal(
      (failure as { message: string }).message,
      `Permission denied for ${folder}: run this as the user who owns it, or change its owner.`,
    );
  });
});

/** Root may write everywhere, so what it mayn't is tried as somebody else. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return work();
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

describe("differencesIn", () => {
  it("names what a rendering would change, and changes nothing", async () => {
    const { dir, remove } = temporaryFolder();
    try {
      await writeRendering(dir, "prod", first);
      fs.rmSync(path.join(dir, "scorer", "service-scorer.yaml"));
      const before = contentOf(dir);
      assert.deepEqual(differencesIn(dir, "prod", second), [
        { file: "kustomization.yaml", change: "changed" },
        { file: "scorer/deployment-a.yaml", change: "removed" },
        { file: "scorer/deployment-b.yaml", change: "added" },
        { file: "scorer/service-scorer.yaml", change: "added" },
      ]);
      assert.deepEqual(contentOf(dir), before);
    } finally {
      remove();
    }
  });

  it("names everything where there is no folder", () => {
    const nowhere = path.join("/", "nowhere", "at", "all");
    assert.equal(differencesIn(nowhere, "prod", first).length, 3);
  });
});
