import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

/** Tollgate's own folder; `__dirname` is that of this source, also in a bundle. */
const root = path.resolve(__dirname, "..");

/**
 * Where judging begins: the provider's check and what hands calls to it, the policy pack, what is judged, and how each of
 * these is started. Everything that they import belongs to the pack.
 */
const entries = [
  "admission/check.ts",
  "admission/candidate.ts",
  "pack/index.ts",
  "policies/launch.cjs",
  "provider/types/admission.ts",
  "provider/dispatch.ts",
  "provider/launch.cjs",
];

/** Sources of a pack: paths from Tollgate's folder with forward slashes, sorted, each with its bytes. */
export type PackSources = readonly (readonly [file: string, content: Buffer])[];

let ofThisProcess: { sources: PackSources; digest: string } | undefined;

/**
 * Digest of the gates that judge now, `sha256:` and 64 hex digits: over the sources of the running Tollgate that decide a
 * verdict, each with its path. Any edit of one changes it. Read once a process.
 */
export function packDigest(): string {
  return thisProcess().digest;
}

/** The sources that the digest is over, and the folder they lie in. */
export function packSources(): { folder: string; sources: PackSources } {
  return { folder: root, sources: thisProcess().sources };
}

/** The digest of another folder of Tollgate. */
export function digestOfSources(folder: string): string {
  return digestOfFiles(sourcesIn(folder));
}

/** Digest over files in the order of their paths. */
export function digestOfFiles(sources: PackSources): string {
  const hash = createHash("sha256");
  for (const [file, content] of sources) {
    // With the length in front, no two sets of files can run into the same bytes.
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return `sha256:${hash.digest("hex")}`;
}

function thisProcess() {
  if (!ofThisProcess) {
    const sources = sourcesIn(root);
    ofThisProcess = { sources, digest: digestOfFiles(sources) };
  }
  return ofThisProcess;
}

/**
 * The entries and every file of ours that they import, directly or not, with what is imported for its types or loaded
 * later: a file too many costs a review, one too few could be edited unseen. Packages aren't followed; the lock file pins
 * them.
 */
function sourcesIn(folder: string): PackSources {
  const found = new Map<string, Buffer>();
  const named = new Set(entries);
  // A set goes on with what is added while it is gone through.
  for (const target of named) {
    const source = read(folder, target);
    if (source === null || found.has(source.file)) continue;
    found.set(source.file, source.content);
    if (source.file.endsWith(".json")) continue;
    const beside = path.posix.dirname(source.file);
    for (const [, , specifier] of source.content.toString("latin1").matchAll(imports)) {
      named.add(path.posix.join(beside, specifier!));
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A path behind `from`, `import` or `require`, with or without brackets. */
const imports = /\b(?:from|import|require)\s*\(?\s*(["'`])(\.{1,2}\/[^"'`\n]+)\1/g;

/** As Node and esbuild find it, by what is most often meant; null for words in a comment, behind which there is no file. */
function read(folder: string, target: string): { file: string; content: Buffer } | null {
  const whole = /\.[a-z]+$/.test(target);
  for (const end of whole
    ? ["", ".ts"]
    : [".ts", "/index.ts", ".cjs", ".js", ".json", ".cts", ""]) {
    const file = target + end;
    try {
      return { file, content: readFileSync(path.join(folder, file)) };
    } catch (error) {
      if (!absent.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return null;
}

const absent = ["ENOENT", "ENOTDIR", "EISDIR"];
