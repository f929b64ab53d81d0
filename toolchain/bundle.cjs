"use strict";
/**
 * Runs our TypeScript without a build step and without a loader hook: an entry is bundled by esbuild once, kept under
 * a name made of the content of everything that went in, and loaded from there ever after.
 *
 * A hit reads and hashes our own sources and one file that stands for all of node_modules: a few milliseconds, and
 * esbuild is not even loaded. `__dirname` and `__filename` in a bundled file are those of its source.
 */
const crypto = require("crypto");
const fs = require("fs");
const Module = require("module");
const os = require("os");
const path = require("path");
const vm = require("vm");

const root = path.resolve(__dirname, "..");

/** Bundles kept for each entry, so that switching between branches stays fast. */
const KEPT_BUNDLES = 4;

/** Milliseconds after its load at which a bundle has called most of what it needs. A plugin may be killed at its end. */
const KEEP_COMPILED_AFTER = 600;

/** What decides a bundle besides our sources. npm writes the second on every install. */
const SURROUNDINGS = [
  __filename,
  path.join(__dirname, "bundle-build.cjs"),
  path.join(root, "node_modules", ".package-lock.json"),
  path.join(root, "package-lock.json"),
  path.join(root, "tsconfig.json"),
];

/**
 * Bundles a TypeScript entry and requires the result.
 *
 * @param {string} entry absolute path of the entry, which may not await at top level
 * @param {{external?: string[], absent?: string[], runner?: string}} [options] `external`: packages to leave in
 *   node_modules, resolved from our root at run time. `absent`: packages that a dependency loads at start though we never
 *   use what it does with them; replaced by an empty module. `runner`: a script of a package that loads the entry in its
 *   own time, bundled with it; the entry is what `globalThis[Symbol.for("tollgate.program")]` gives then.
 */
function requireBundled(entry, options) {
  return load(bundle(entry, options));
}

/** Like `requireBundled` for an entry that is the whole process: what can't be bundled ends it with one sentence. */
function runBundled(entry, options) {
  let file;
  try {
    file = bundle(entry, options);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  return load(file);
}

/**
 * Loads a bundle as `require` would, but with the machine code that this version of Node made of it the last time:
 * compiling a bundled SDK takes longer than running it.
 */
function load(file) {
  const compiled = `${file}.${process.version}-${process.arch}.v8`;
  const script = new vm.Script(Module.wrap(fs.readFileSync(file, "utf8")), {
    filename: file,
    cachedData: readIfThere(compiled),
  });
  const module = new Module(file, null);
  module.filename = file;
  module.paths = Module._nodeModulePaths(path.dirname(file));
  const run = script.runInThisContext();
  run.call(
    module.exports,
    module.exports,
    Module.createRequire(file),
    module,
    file,
    path.dirname(file),
  );
  if (script.cachedDataRejected !== false) keepCompiledLater(compiled, script);
  return module.exports;
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Most of a bundle is compiled when it is first called: so a little later, or at the end if that comes first. */
function keepCompiledLater(file, script) {
  let kept = false;
  const keep = () => {
    if (kept) return;
    kept = true;
    try {
      writeByRename(file, script.createCachedData());
    } catch {
      // A folder that can't be written costs the next start its time, and nothing else.
    }
  };
  setTimeout(keep, KEEP_COMPILED_AFTER).unref();
  process.once("exit", keep);
}

/**
 * Bundles an entry unless a bundle of the same content is there.
 *
 * @param {string} entry absolute path
 * @param {{external?: string[], absent?: string[], runner?: string}} [options] see `requireBundled`
 * @returns {string} absolute path of the bundle
 */
function bundle(entry, { external = [], absent = [], runner = null } = {}) {
  const name = `${path.relative(root, entry).replace(/[^A-Za-z0-9]+/g, "-")}${runner ? "-run" : ""}`;
  const recipe = { root, entry, external, absent, runner };
  const folders = cacheFolders();
  for (const folder of folders) {
    const found = findBundle(folder, name, recipe);
    if (found) return found;
  }
  const made = require("./bundle-build.cjs").build(recipe);
  for (const folder of folders) {
    try {
      return store(folder, name, recipe, made);
    } catch (error) {
      if (!["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR"].includes(error.code)) {
        throw error;
      }
    }
  }
  throw sentence(
    `Compiled sources can be kept in neither ${folders.join(" nor ")}: free some space there or make one writable.`,
  );
}

/** Where bundles are kept: beside the packages, or in the user's cache when the checkout is read-only. */
function cacheFolders() {
  const id = hashOf(root).slice(0, 12);
  const cache =
    process.env.TOLLGATE_CACHE || process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return [
    path.join(root, "node_modules", ".cache", "tollgate"),
    path.join(cache, "tollgate", "bundles", id),
  ];
}

/** The inputs of the last bundle are known; when their content now names a bundle that is there, it is the right one. */
function findBundle(folder, name, recipe) {
  let inputs;
  try {
    inputs = JSON.parse(fs.readFileSync(path.join(folder, `${name}.inputs.json`), "utf8"));
  } catch {
    return null;
  }
  const file = path.join(folder, fileName(name, recipe, inputs.map(hashInput)));
  return fs.existsSync(file) ? file : null;
}

function hashInput(input) {
  return [input, hashFile(path.join(root, input))];
}

/** Puts a bundle in place by renames only, so that two processes at once and a kill in the middle do no harm. */
function store(folder, name, recipe, { code, map, hashes }) {
  fs.mkdirSync(folder, { recursive: true });
  const file = fileName(name, recipe, hashes);
  writeByRename(path.join(folder, `${file}.map`), map);
  writeByRename(path.join(folder, file), `${code}//# sourceMappingURL=${file}.map\n`);
  const inputs = JSON.stringify(hashes.map(([input]) => input));
  writeByRename(path.join(folder, `${name}.inputs.json`), inputs);
  prune(folder, name);
  return path.join(folder, file);
}

/** @param {[string, string][]} hashes each input, relative to the root, with the hash of its content */
function fileName(name, recipe, hashes) {
  const surroundings = SURROUNDINGS.map(hashFile);
  const key = hashOf(JSON.stringify([recipe, process.platform, surroundings, hashes])).slice(0, 20);
  return `${name}-${key}.cjs`;
}

function hashFile(file) {
  try {
    return hashOf(fs.readFileSync(file));
  } catch {
    return "absent";
  }
}

function hashOf(content) {
  return crypto.createHash("sha256").update(content).digest("hex");
}

function writeByRename(file, content) {
  const temporary = `${file}.${process.pid}-${crypto.randomBytes(4).toString("hex")}.tmp`;
  try {
    fs.writeFileSync(temporary, content);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes all but the newest bundles of an entry, and what a killed process left an hour ago or earlier. */
function prune(folder, name) {
  const age = (file) => Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const ours = new RegExp(`^${name}(-[0-9a-f]{20}\\.cjs|\\.inputs\\.json)`);
  const files = fs.readdirSync(folder).filter((file) => ours.test(file));
  const paths = files.map((file) => path.join(folder, file));
  const bundles = paths.filter((file) => file.endsWith(".cjs")).sort((a, b) => age(a) - age(b));
  for (const old of bundles.slice(KEPT_BUNDLES)) {
    for (const file of fs.readdirSync(folder)) {
      // The bundle, its map, and what was compiled of it.
      if (file.startsWith(path.basename(old))) fs.rmSync(path.join(folder, file), { force: true });
    }
  }
  for (const file of paths.filter((file) => file.endsWith(".tmp"))) {
    if (age(file) > 3_600_000) fs.rmSync(file, { force: true });
  }
}

function sentence(text) {
  const error = new Error(text);
  error.stack = text;
  return error;
}

module.exports = { bundle, requireBundled, runBundled };
