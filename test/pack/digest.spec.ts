import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import ts from "typescript";
import { digestOfSources, packDigest, packSources } from "../../pack/digest";

const root = path.join(__dirname, "..", "..");

/** Where judging begins, as CONTRIBUTING tells of it. */
const beginnings = [
  ...["admission/check.ts", "pack/policies.ts", "admission/candidate.ts"],
  ...["provider/types/admission.ts", "provider/dispatch.ts"],
];

/** What TypeScript itself finds to be imported from there, in Tollgate's own folder: paths from the root. */
function closureByTypeScript(): string[] {
  const { config } = ts.readConfigFile(path.join(root, "tsconfig.json"), (file) =>
    ts.sys.readFile(file),
  ) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const open = beginnings.map((file) => path.join(root, file));
  const found = new Set<string>();
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const { importedFiles } = ts.preProcessFile(fs.readFileSync(file, "utf8"), true, true);
    for (const { fileName } of importedFiles) {
      const { resolvedModule } = ts.resolveModuleName(fileName, file, options, ts.sys);
      if (!resolvedModule || resolvedModule.isExternalLibraryImport) continue;
      open.push(resolvedModule.resolvedFileName);
    }
  }
  return [...found].map((file) => path.relative(root, file).split(path.sep).join("/")).sort();
}

describe("packDigest", () => {
  const closure = closureByTypeScript();
  let copy: string;
  before(() => {
    copy = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-pack-"));
    const left = new Set(["node_modules", "test", "docs"]);
    for (const name of fs.readdirSync(root).filter((each) => !each.startsWith("."))) {
      if (left.has(name)) continue;
      fs.cpSync(path.join(root, name), path.join(copy, name), {
        recursive: true,
        filter: (source) => !path.basename(source).startsWith("."),
      });
    }
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  /** Does the digest change while a file has one line more? */
  function changesWith(file: string): boolean {
    const place = path.join(copy, file);
    const before = fs.readFileSync(place);
    const digest = digestOfSources(copy);
    fs.writeFileSync(place, Buffer.concat([before, Buffer.from("\n")]));
    const changed = digestOfSources(copy) !== digest;
    fs.writeFileSync(place, before);
    return changed;
  }

  it("is that of the running Tollgate's sources, wherever they lie", () => {
    assert.match(packDigest(), /^sha256:[0-9a-f]{64}$/);
    assert.equal(packDigest(), digestOfSources(root));
    assert.equal(digestOfSources(copy), digestOfSources(root));
  });

  it("is over each file that TypeScript finds to be imported where judging begins", () => {
    const over = packSources().sources.map(([file]) => file);
    assert.deepEqual(
      closure.filter((file) => !over.includes(file)),
      [],
    );
    // What decides without being a gate: tiers, settings, receipts, how git is read.
    for (const file of ["config/tiers.ts", "config/resolve.ts", "history/receipts.ts"]) {
      assert.ok(closure.includes(file), file);
    }
  });

  it("changes with any edit of one of them", function () {
    this.timeout(60_000);
    assert.ok(closure.length > 100);
    assert.deepEqual(
      closure.filter((file) => !changesWith(file)),
      [],
    );
  });

  it("changes with how the provider, the pack and every bundle are started", () => {
    for (const file of [
      ...["policies/launch.cjs", "provider/launch.cjs"],
      ...["toolchain/bundle.cjs", "toolchain/bundle-build.cjs"],
    ]) {
      assert.ok(changesWith(file), file);
    }
  });

  it("follows data that is imported, and what is loaded later", () => {
    const judge = path.join(copy, "policies", "judge.ts");
    const before = fs.readFileSync(judge, "utf8");
    const data = path.join("policies", "limits.json");
    fs.writeFileSync(path.join(copy, data), "{}");
    for (const statement of [
      'import limits from "./limits.json";',
      'const limits = await import("./limits.json");',
      "const limits = require('./limits.json');",
    ]) {
      fs.writeFileSync(judge, `${statement}\n${before}`);
      assert.ok(changesWith(data), statement);
    }
    fs.writeFileSync(judge, before);
    assert.ok(!changesWith(data));
    fs.rmSync(path.join(copy, data));
  });

  it("stays with what judges nothing", () => {
    for (const file of ["README.md", "cli/main.ts", "policies/package.json", "bench/main.ts"]) {
      assert.ok(!changesWith(file), file);
    }
  });

  it("changes when two files swap their content", () => {
    const [a, b] = ["policies/plan.ts", "policies/judge.ts"].map((file) => path.join(copy, file));
    const [first, second] = [a!, b!].map((file) => fs.readFileSync(file, "utf8"));
    const digest = digestOfSources(copy);
    fs.writeFileSync(a!, second!);
    fs.writeFileSync(b!, first!);
    assert.notEqual(digestOfSources(copy), digest);
  });
});
