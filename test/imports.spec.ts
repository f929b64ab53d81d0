// One direction: which folder may import from which. The table is the one in docs/architecture.md.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");

/** Folder → folders it may import from, besides itself. A file may be named to allow only that one. */
const allowed: Record<string, string[]> = {
  trust: [],
  // How to reach a cluster; knows nothing of Pulumi.
  cluster: [],
  registry: ["trust/json-text.ts", "trust/strict-json.ts"],
  toolchain: [],
  "policies/gates": ["policies", "registry/evidence.ts", "trust"],
  policies: [
    "cluster",
    "registry",
    "config",
    "history",
    "trust",
    "provider/inputs.ts",
    "provider/resource-type.ts",
    // The scan reads the same list before anything is loaded.
    "serving/tollgate_serving/safe_names.json",
  ],
  config: ["policies", "registry", "trust", "cluster"],
  components: [
    "config/settings.ts",
    "policies/gate.ts",
    "policies/candidate.ts",
    "provider/inputs.ts",
    "provider/resources.ts",
    "runtimes/contract.ts",
  ],
  runtimes: [
    "components/base.ts",
    "config/names.ts",
    "config/settings.ts",
    "provider",
    "registry/credentials.ts",
    "toolchain",
    "cluster",
  ],
  provider: [
    "registry",
    "policies",
    "runtimes/local",
    "cluster",
    "history",
    "config",
    "toolchain",
    "trust",
    "package.json",
    // Both take bodies of the same size.
    "serving/tollgate_serving/limits.json",
  ],
  // The lock is the one that every writer of a state folder takes.
  history: [
    "cluster",
    "policies",
    "registry",
    "trust",
    "provider/inputs.ts",
    "runtimes/local/processes/lock.ts",
  ],
};

function sourceFiles(folder: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}

/** Relative imports of a file, as paths from the root, with `.ts` or as a folder's index. */
function importsOf(file: string): string[] {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((m) => m[1]!);
  return specifiers.map((specifier) => {
    const target = path.normalize(path.join(path.dirname(file), specifier));
    const candidates = [`${target}.ts`, target, path.join(target, "index.ts")];
    return candidates.find((each) => isFile(path.join(root, each))) ?? `${target}.ts`;
  });
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The most specific folder of the table that holds a file. */
function folderOf(file: string): string | undefined {
  return Object.keys(allowed)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

describe("import direction", () => {
  for (const folder of Object.keys(allowed)) {
    it(`${folder}/ imports only what the table allows`, () => {
      const files = sourceFiles(folder).filter((file) => folderOf(file) === folder);
      assert.notEqual(files.length, 0, `${folder}/ holds no TypeScript`);
      const wrong = files.flatMap((file) =>
        importsOf(file)
          .filter((target) => !target.startsWith(`${folder}/`))
          .filter(
            (target) =>
              !allowed[folder]!.some((each) => target === each || target.startsWith(`${each}/`)),
          )
          .map((target) => `${file} imports ${target}`),
      );
      assert.deepEqual(wrong, []);
    });
  }

  it("resolves every relative import to a file that is there", () => {
    const missing = Object.keys(allowed)
      .flatMap(sourceFiles)
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(({ target }) => !fs.existsSync(path.join(root, target)))
      .map(({ file, target }) => `${file} imports ${target}`);
    assert.deepEqual(missing, []);
  });
});
