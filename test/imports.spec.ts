// One direction: which folder may import from which. The table is the one in docs/architecture.md.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";

const root = path.join(__dirname, "..");

/**
 * Folder → folders it may import from, besides itself. Whole folders only, and each after those that it imports. `serving`
 * has no TypeScript: what is imported of it is data that its Python reads as well.
 */
const allowed: Record<string, string[]> = {
  strict: [],
  cluster: [],
  project: [],
  toolchain: ["project"],
  processes: ["project"],
  trust: ["strict"],
  registry: ["strict"],
  policies: ["cluster", "registry", "serving", "strict", "trust"],
  "policies/gates": ["policies", "registry", "trust"],
  config: ["cluster", "policies", "project", "registry", "strict", "trust"],
  backings: ["config"],
  history: ["cluster", "policies", "processes", "project", "registry", "strict"],
  pack: ["config", "policies", "project"],
  admission: [
    ...["cluster", "config", "history", "pack", "policies", "project"],
    ...["registry", "strict", "trust"],
  ],
  provider: [
    ...["admission", "cluster", "config", "history", "policies", "processes", "project"],
    ...["registry", "serving", "strict"],
  ],
  runtimes: [
    ...["backings", "cluster", "config", "history", "policies", "processes", "project", "provider"],
    ...["registry", "strict", "toolchain"],
  ],
  components: ["admission", "backings", "config", "policies", "provider", "runtimes"],
  cli: [
    ...["admission", "cluster", "config", "history", "pack", "policies", "processes", "project"],
    ...["provider", "registry", "runtimes", "strict", "toolchain", "trust"],
  ],
  demo: [],
  test: [
    ...["admission", "backings", "cli", "cluster", "components", "config", "history", "pack"],
    ...[
      "policies",
      "processes",
      "project",
      "provider",
      "registry",
      "runtimes",
      "serving",
      "strict",
    ],
    ...["toolchain", "trust"],
  ],
  bench: [
    ...["admission", "cli", "config", "pack", "policies", "provider", "registry", "runtimes"],
    ...["strict", "test", "toolchain"],
  ],
};

/** Every file of ours → the files of ours that it imports, also for a type alone or later: paths from the root. */
const imports = new Map(
  sourceFiles("")
    .sort()
    .map((file) => [file, importsOf(file)] as const),
);

function sourceFiles(folder: string): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const place = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(place);
    return place.endsWith(".ts") ? [place] : [];
  });
}

/** What a file imports or requires, as written. */
function specifiersIn(file: string): string[] {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

function importsOf(file: string): string[] {
  return specifiersIn(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => {
      const target = path.posix.join(path.posix.dirname(file), specifier);
      const candidates = [`${target}.ts`, target, `${target}/index.ts`];
      return candidates.find((each) => isFile(path.join(root, each))) ?? `${target}.ts`;
    });
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The first folder of a path; of a file of the root itself, nothing. */
function topOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
}

/** The most specific folder of the table that holds a file. */
function folderOf(file: string): string | undefined {
  return Object.keys(allowed)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Is a file in one of these folders? `package.json`, which has the version, is everybody's. */
function isIn(file: string, folders: readonly string[]): boolean {
  return file === "package.json" || folders.some((folder) => file.startsWith(`${folder}/`));
}

/** An import for each two folders that go both ways, so that it is seen where to cut. */
function foldersBothWays(files: ReadonlyMap<string, readonly string[]>): string[] {
  const between = new Map<string, string>();
  for (const [file, targets] of files) {
    for (const target of targets.filter((each) => topOf(each) !== topOf(file))) {
      between.set(`${topOf(file)} -> ${topOf(target)}`, `${file} imports ${target}`);
    }
  }
  return [...between].flatMap(([arrow, example]) => {
    const [from, to] = arrow.split(" -> ");
    return between.has(`${to} -> ${from}`) ? [example] : [];
  });
}

/** Files in a circle, or on a way from one circle to another. */
function filesInCircles(files: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map([...files].map(([file, targets]) => [file, new Set(targets)]));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    const imported = new Set([...left.values()].flatMap((targets) => [...targets]));
    for (const [file, targets] of left) {
      const goesOn = [...targets].some((target) => left.has(target));
      if (!goesOn || !imported.has(file)) left.delete(file);
    }
  }
  return [...left.keys()];
}

/** What reaches beyond the process. `node:net` is only asked whether a text is an address. */
const reaching = /^(node:)?(fs|fs\/promises|child_process|http|https|http2|tls|dgram|dns)$/;

describe("import direction", () => {
  for (const [folder, others] of Object.entries(allowed)) {
    it(`${folder}/ imports only what the table allows`, () => {
      const files = [...imports].filter(([file]) => folderOf(file) === folder);
      assert.notEqual(files.length, 0, `${folder}/ holds no TypeScript`);
      const wrong = files.flatMap(([file, targets]) =>
        targets
          .filter((target) => !isIn(target, [folder, ...others]))
          .map((target) => `${file} imports ${target}`),
      );
      assert.deepEqual(wrong, []);
    });

    it(`${folder}/ imports all that the table says`, () => {
      const targets = [...imports].flatMap(([file, each]) => (isIn(file, [folder]) ? each : []));
      const idle = others.filter((other) => !targets.some((target) => isIn(target, [other])));
      assert.deepEqual(idle, []);
    });
  }

  for (const folder of ["strict", "trust", "policies"]) {
    it(`lets nothing in ${folder}/ open a file, run a program or ask a network`, () => {
      const wrong = [...imports.keys()]
        .filter((file) => file.startsWith(`${folder}/`))
        .filter((file) => specifiersIn(file).some((specifier) => reaching.test(specifier)));
      assert.deepEqual(wrong, []);
    });
  }

  it("goes to folders above in the table alone", () => {
    const order = Object.keys(allowed);
    const below = Object.entries(allowed).flatMap(([folder, others]) =>
      others
        .filter((other) => order.indexOf(other) > order.indexOf(folder))
        .map((other) => `${folder} imports ${other}`),
    );
    assert.deepEqual(below, []);
  });

  it("is said of every folder with TypeScript", () => {
    const folders = new Set([...imports.keys()].map(topOf).filter((folder) => folder !== ""));
    assert.deepEqual(
      [...folders].filter((folder) => !(folder in allowed)),
      [],
    );
  });

  it("is the same in docs/architecture.md", () => {
    const page = fs.readFileSync(path.join(root, "docs", "architecture.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([a-z/]+)\/` \|.*\| ([^|]*) \|$/gm)];
    const said = new Map(rows.map(([, folder, cell]) => [folder!, foldersIn(cell!)]));
    for (const [folder, others] of Object.entries(allowed)) {
      const row = said.get(folder);
      assert.ok(row, `${folder}/ has no row`);
      if (row !== "everything") assert.deepEqual(row, [...others].sort(), folder);
    }
  });

  it("goes from no two folders to each other", () => {
    assert.deepEqual(foldersBothWays(imports), []);
    const both = new Map([
      ["a/x.ts", ["b/y.ts"]],
      ["b/z.ts", ["a/w.ts"]],
    ]);
    assert.equal(foldersBothWays(both).length, 2);
  });

  it("leads no file back to itself", () => {
    assert.deepEqual(filesInCircles(imports), []);
    const circle = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts", "d.ts"]],
      ["d.ts", []],
    ]);
    assert.deepEqual(filesInCircles(circle), ["b.ts", "c.ts"]);
  });

  it("resolves every relative import to a file that is there", () => {
    const missing = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => !isFile(path.join(root, target)))
        .map((target) => `${file} imports ${target}`),
    );
    assert.deepEqual(missing, []);
  });
});

/** Folders that a cell of the table names, sorted; or that it says everything. */
function foldersIn(cell: string): string[] | "everything" {
  if (cell.startsWith("everything")) return "everything";
  return [...cell.matchAll(/`([a-z/]+)\/`/g)].map(([, folder]) => folder!).sort();
}
