// Runs toolchain/bundle.cjs in roots of its own, with the real esbuild. Doesn't measure time.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./helpers";

const here = path.join(__dirname, "..", "..");
const run = promisify(execFile);

describe("runBundled", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let number = 0;

  /** A root with our bundler, esbuild and an entry that prints. */
  function newRoot(files: Record<string, string>): string {
    const root = path.join(folder, `root-${number++}`);
    mkdirSync(path.join(root, "toolchain"), { recursive: true });
    mkdirSync(path.join(root, "node_modules"));
    for (const name of ["bundle.cjs", "bundle-build.cjs"]) {
      copyFileSync(path.join(here, "toolchain", name), path.join(root, "toolchain", name));
    }
    symlinkSync(
      path.join(here, "node_modules", "esbuild"),
      path.join(root, "node_modules", "esbuild"),
    );
    write(root, files);
    return root;
  }

  function write(root: string, files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), content);
    }
  }

  /** What the entry prints, and whether esbuild was asked. */
  async function start(root: string, options = "{}", env: NodeJS.ProcessEnv = process.env) {
    const code = `require("./toolchain/bundle.cjs").runBundled("${root}/entry.ts", ${options});
      const asked = Object.keys(require.cache).some((file) => file.endsWith("bundle-build.cjs"));
      console.log(asked ? "built" : "kept");`;
    const { stdout } = await run(process.execPath, ["-e", code], { cwd: root, env });
    const lines = stdout.trim().split("\n");
    return { how: lines.pop(), printed: lines.join("\n") };
  }

  const bundlesOf = (root: string) =>
    readdirSync(path.join(root, "node_modules", ".cache", "tollgate")).filter((name) =>
      /\.cjs$/.test(name),
    );

  it("builds once and then takes the kept bundle", async () => {
    const root = newRoot({ "entry.ts": "const n: number = 1; console.log(n);" });
    assert.deepEqual(await start(root), { how: "built", printed: "1" });
    assert.deepEqual(await start(root), { how: "kept", printed: "1" });
  });

  it("builds again when a file that the entry imports changes, even with the same size and time", async () => {
    const root = newRoot({
      "entry.ts": 'import { n } from "./part"; console.log(n);',
      "part.ts": "export const n = 1;",
    });
    const time = new Date("2020-01-01");
    utimesSync(path.join(root, "part.ts"), time, time);
    assert.equal((await start(root)).printed, "1");
    write(root, { "part.ts": "export const n = 2;" });
    utimesSync(path.join(root, "part.ts"), time, time);
    assert.deepEqual(await start(root), { how: "built", printed: "2" });
  });

  it("takes the older bundle again when a change is taken back", async () => {
    const root = newRoot({ "entry.ts": "console.log(1);" });
    await start(root);
    write(root, { "entry.ts": "console.log(2);" });
    await start(root);
    write(root, { "entry.ts": "console.log(1);" });
    assert.deepEqual(await start(root), { how: "kept", printed: "1" });
  });

  it("builds again when the installed packages or the options change", async () => {
    const root = newRoot({
      "entry.ts": "console.log(1);",
      "node_modules/.package-lock.json": "{}",
    });
    await start(root);
    write(root, { "node_modules/.package-lock.json": '{"changed": true}' });
    assert.equal((await start(root)).how, "built");
    assert.equal((await start(root, '{ external: ["x"] }')).how, "built");
  });

  it("keeps the last four bundles of an entry", async () => {
    const root = newRoot({});
    for (let n = 0; n < 6; n++) {
      write(root, { "entry.ts": `console.log(${n});` });
      await start(root);
    }
    assert.equal(bundlesOf(root).length, 4);
    assert.deepEqual(await start(root), { how: "kept", printed: "5" });
  });

  it("lets two processes build at once", async () => {
    const root = newRoot({ "entry.ts": "console.log(1);" });
    const starts = await Promise.all([start(root), start(root), start(root)]);
    assert.deepEqual(
      starts.map(({ printed }) => printed),
      ["1", "1", "1"],
    );
    assert.equal(bundlesOf(root).length, 1);
  });

  it("gives each file its own __dirname and keeps strict mode", async () => {
    const root = newRoot({
      "entry.ts": 'import "./deep/part.cjs"; console.log(__dirname);',
      "deep/part.cjs":
        '"use strict"; module.exports = 1; console.log(__filename, (function () { return this; })() === undefined);',
    });
    assert.equal((await start(root)).printed, `${root}/deep/part.cjs true\n${root}`);
  });

  it("leaves external packages in node_modules and empties absent ones", async () => {
    const root = newRoot({
      "entry.ts":
        'import * as a from "a"; import * as b from "b"; console.log(a.name, b.anything);',
      "node_modules/a/index.js": "exports.name = 'evaluated';",
      "node_modules/b/index.js": "throw new Error('loaded');",
    });
    const { printed } = await start(root, '{ external: ["a"], absent: ["b"] }');
    assert.equal(printed, "evaluated undefined");
    write(root, { "node_modules/a/index.js": "exports.name = 'changed';" });
    assert.deepEqual(await start(root, '{ external: ["a"], absent: ["b"] }'), {
      how: "kept",
      printed: "changed undefined",
    });
  });

  it("bundles an entry with the script that runs it, over one copy of what both use", async () => {
    const root = newRoot({
      "entry.ts": 'import { seen } from "a"; seen.push("entry"); export const done = seen;',
      "node_modules/a/index.js": "exports.seen = [];",
      "node_modules/runs/start.js": `const { seen } = require("a");
        seen.push("script");
        console.log(globalThis[Symbol.for("tollgate.program")]().done.join(" before "));`,
    });
    const { printed } = await start(root, '{ runner: "runs/start.js" }');
    assert.equal(printed, "script before entry");
  });

  it("keeps bundles in the user's cache when node_modules can't be written", async () => {
    const root = newRoot({
      "entry.ts": "console.log(1);",
      "node_modules/.cache": "a file, not a folder",
    });
    const cache = path.join(root, "cache");
    const env = { ...process.env, TOLLGATE_CACHE: cache };
    assert.equal((await start(root, "{}", env)).how, "built");
    assert.equal((await start(root, "{}", env)).how, "kept");
    assert.equal(readdirSync(path.join(cache, "tollgate", "bundles")).length, 1);
  });

  it("refuses a source with a mistake in one line that names the place", async () => {
    const root = newRoot({ "entry.ts": "const = 1;" });
    await assert.rejects(start(root), ({ stderr }: { stderr: string }) => {
      assert.equal(stderr, 'Expected identifier but found "=" (entry.ts:1)\n');
      return true;
    });
  });
});
