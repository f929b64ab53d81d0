"use strict";
/**
 * Makes one bundle; loaded only when no bundle of the same content is kept. esbuild's plugins, which give us the exact
 * bytes that went in and the true `__dirname` of each file, need its asynchronous interface, and a module is required
 * synchronously: so the work is done by this same file as a child process.
 */
const { spawnSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const LOADERS = { ".ts": "ts", ".js": "js", ".cjs": "js", ".mjs": "js", ".json": "json" };

/**
 * @param {{root: string, entry: string, external: string[], absent: string[], runner: string | null}} recipe
 * @returns {{code: string, map: string, hashes: [string, string][]}} `hashes` are of the bytes that were bundled, of
 *   our own files only, sorted
 */
function build(recipe) {
  const child = spawnSync(process.execPath, [__filename, JSON.stringify(recipe)], {
    maxBuffer: 256 * 1024 * 1024,
    encoding: "utf8",
  });
  if (child.status !== 0) {
    const error = new Error(
      child.stderr.trim() || `esbuild could not be run (${child.error ?? child.signal})`,
    );
    error.stack = error.message;
    throw error;
  }
  return JSON.parse(child.stdout);
}

async function main(recipe) {
  const { root, entry, external, absent, runner } = recipe;
  const hashes = new Map();
  const result = await require("esbuild").build({
    ...(runner ? { stdin: together(entry, runner) } : { entryPoints: [entry] }),
    absWorkingDir: root,
    outfile: path.join(root, "bundle.cjs"),
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20",
    // A true import() would start Node's other module system, 50 ms; a require of the same is there at once.
    supported: { "dynamic-import": false },
    mainFields: ["main", "module"],
    // Half the text to read at each start; names stay, so that a trace can be read.
    minifyWhitespace: true,
    sourcemap: "external",
    sourcesContent: false,
    sourceRoot: root,
    legalComments: "none",
    logLevel: "silent",
    banner: { js: banner(root) },
    plugins: [packages(external, absent), sources(root, hashes)],
  });
  const [map, code] = ["map", "js"].map((kind) =>
    result.outputFiles.find((file) => file.path.endsWith(kind)),
  );
  return { code: code.text, map: map.text, hashes: [...hashes].sort() };
}

/**
 * `requireFromRoot` finds external packages wherever the bundle itself is kept. zod would compile each schema at its
 * first use, which pays only where one is used often: here most are used once, and that costs a preview 100 ms in each process.
 */
function banner(root) {
  const from = JSON.stringify(path.join(root, "package.json"));
  return [
    `const requireFromRoot = require("module").createRequire(${from});`,
    `(globalThis.__zod_globalConfig ??= {}).jitless = true;`,
  ].join("");
}

/**
 * An entry with the script that runs it, which are to share the packages of both. The entry is loaded when the script asks.
 */
function together(entry, runner) {
  const contents = [
    `globalThis[Symbol.for("tollgate.program")] = () => require(${JSON.stringify(entry)});`,
    `require(${JSON.stringify(runner)});`,
  ].join("\n");
  return { contents, resolveDir: path.dirname(entry), loader: "js" };
}

/** Replaces an external package by a require of it, the same instance for everybody, and an absent one by nothing. */
function packages(external, absent) {
  const among = (names, id) => names.some((name) => id === name || id.startsWith(`${name}/`));
  return {
    name: "packages",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path: id }) =>
        among([...external, ...absent], id) ? { path: id, namespace: "package" } : undefined,
      );
      // A package's own part that is absent, such as the SDK's Automation API.
      build.onResolve({ filter: /^\.\/[\w-]+$/ }, ({ path: part, resolveDir }) => {
        const [, home] = resolveDir.split(`${path.sep}node_modules${path.sep}`);
        const id = home && path.posix.join(home.split(path.sep).join("/"), part);
        return id && absent.includes(id) ? { path: id, namespace: "package" } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: "package" }, ({ path: id }) => ({
        contents: among(absent, id)
          ? "module.exports = {};"
          : `module.exports = requireFromRoot(${JSON.stringify(id)});`,
      }));
    },
  };
}

/** Hands esbuild each file with its own `__dirname` and `__filename`, and notes the hash of ours. */
function sources(root, hashes) {
  return {
    name: "sources",
    setup(build) {
      build.onLoad({ filter: /\.([cm]?js|ts|json)$/, namespace: "file" }, ({ path: file }) => {
        const content = fs.readFileSync(file);
        if (!file.includes(`${path.sep}node_modules${path.sep}`)) {
          hashes.set(
            path.relative(root, file),
            crypto.createHash("sha256").update(content).digest("hex"),
          );
        }
        const loader = LOADERS[path.extname(file)] ?? "js";
        const text = content.toString("utf8");
        if (loader === "json" || !/\b__(dir|file)name\b/.test(text))
          return { contents: text, loader };
        return { contents: withPlaces(text, file), loader };
      });
    },
  };
}

/** On the first line, so that line numbers stay right; a directive has to come before it. */
function withPlaces(text, file) {
  const directive = /^\s*["']use strict["']/m.test(text) ? '"use strict"; ' : "";
  const places = `var __dirname = ${JSON.stringify(path.dirname(file))}, __filename = ${JSON.stringify(file)}; `;
  return text.replace(/^(#!.*\n)?/, (hashbang) => hashbang + directive + places);
}

if (require.main === module) {
  main(JSON.parse(process.argv[2])).then(
    (made) => process.stdout.write(JSON.stringify(made)),
    (error) => {
      const [first] = error.errors ?? [];
      const where = first?.location ? ` (${first.location.file}:${first.location.line})` : "";
      process.stderr.write(first ? `${first.text}${where}\n` : `${error.message}\n`);
      process.exitCode = 1;
    },
  );
}

module.exports = { build };
