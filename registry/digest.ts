import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { RegistryClient } from "./client";
import { RegistryError } from "./errors";
import { filesBelow } from "./files-below";

/** Written beside a model by MLflow's client when it downloads; not part of the version's bytes. */
const ignored = "registered_model_meta";
/** Files read at once from a registry: enough to hide the round trips, few enough for a small server. */
const readers = 4;

/** One file of a model version. */
export interface FileHash {
  /** Relative to the model folder, with `/`. */
  readonly path: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/**
 * The digest of a model version's bytes: `sha256:` and the sha256 of one line `<sha256>  <path>` for each file
 * below the model folder except `registered_model_meta`, sorted by the paths' UTF-8 bytes. The Python side
 * computes the same number. Throws a `refused` error when there is no file, or a path breaks the line.
 */
export function digestOfFiles(files: Iterable<FileHash>): string {
  const lines = [...files]
    .filter(({ path }) => path !== ignored)
    .map(({ path, sha256 }) => ({ path: Buffer.from(path), line: lineOf(path, sha256) }))
    .sort((a, b) => Buffer.compare(a.path, b.path));
  if (lines.length === 0) {
    throw new RegistryError(
      "refused",
      "There are no files to take the digest of; give the folder that holds MLmodel.",
    );
  }
  const total = createHash("sha256");
  lines.forEach(({ line }) => total.update(line));
  return `sha256:${total.digest("hex")}`;
}

function lineOf(path: string, sha256: string): string {
  if (path.includes("\n")) {
    throw new RegistryError(
      "refused",
      `The file name ${JSON.stringify(path)} holds a line break, so two models could have one digest; rename the file.`,
    );
  }
  return `${sha256}  ${path}\n`;
}

/** Digest of a model folder on disk. Throws a `refused` error on a link: it points at other bytes. */
export async function digestOfFolder(folder: string): Promise<string> {
  const hashes: FileHash[] = [];
  for (const path of await filesBelow(folder)) {
    hashes.push({ path, sha256: await sha256Of(createReadStream(join(folder, path))) });
  }
  return digestOfFiles(hashes);
}

/** Lower-case hex. */
export async function sha256Of(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) {
    hash.update(chunk);
  }
  return hash.digest("hex");
}

/** Digest of a registered version, read from where the registry keeps it; nothing is written to disk. */
export async function digestOfModelVersion(
  client: RegistryClient,
  name: string,
  version: string,
): Promise<string> {
  const { openModelVersion } = await import("./model-files");
  return digestOfArtifacts(await openModelVersion(client, name, version));
}

/** What a digest needs of an artifact folder. */
export interface ReadableFiles {
  list(): Promise<readonly { readonly path: string }[]>;
  read(path: string): Promise<AsyncIterable<Uint8Array>>;
}

/** Digest of all files of an artifact folder. */
export async function digestOfArtifacts(folder: ReadableFiles): Promise<string> {
  const waiting = [...(await folder.list())];
  const hashes: FileHash[] = [];
  const reader = async () => {
    for (let file = waiting.pop(); file; file = waiting.pop()) {
      hashes.push({ path: file.path, sha256: await sha256Of(await folder.read(file.path)) });
    }
  };
  try {
    await Promise.all(Array.from({ length: readers }, reader));
  } finally {
    // After a failure the other readers have nothing more to do.
    waiting.length = 0;
  }
  return digestOfFiles(hashes);
}
