import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Tollgate's own folder; `__dirname` is that of this source, also in a bundle. */
const root = path.resolve(__dirname, "..");

/** All that decides a verdict: the gates and what judges by them, signatures, and what evidence may hold. */
const folders = ["policies", "trust"];
const files = ["registry/evidence-document.ts", "registry/evidence.ts", "registry/measurements.ts"];

let ofThisProcess: string | undefined;

/**
 * Digest of the gates that judge now, `sha256:` and 64 hex digits: over the sources of the running Tollgate, each with
 * its path, in the order of their paths. Any edit of a gate changes it. Read once a process.
 */
export function packDigest(): string {
  return (ofThisProcess ??= digestOfSources(root));
}

/** The same of another folder of Tollgate. */
export function digestOfSources(folder: string): string {
  const hash = createHash("sha256");
  for (const file of sourcesIn(folder)) {
    const content = readFileSync(path.join(folder, file));
    // With the length in front, no two sets of files can run into the same bytes.
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** Paths from the folder, with forward slashes, sorted. */
function sourcesIn(folder: string): string[] {
  const within = folders.flatMap((name) =>
    readdirSync(path.join(folder, name), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${name}/${file.split(path.sep).join("/")}`),
  );
  return [...within, ...files].sort();
}
