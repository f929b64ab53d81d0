import fs from "node:fs";
import path from "node:path";
import { exclusively } from "../../toolchain/exclusive";
import { CliError } from "../errors";
import type { RenderedFiles } from "../../runtimes/operations";

/** How one file of a folder differs from a rendering. */
export interface Difference {
  readonly file: string;
  readonly change: "added" | "changed" | "removed";
}

/** Names what was written here, so that a later rendering removes that and nothing else. */
export const listName = ".tollgate-rendered";
const draftName = ".tollgate-render.tmp";
const lockName = ".tollgate-render.lock";

/** What the list holds. */
interface Written {
  readonly stack: string;
  /** Sorted, without the list itself. */
  readonly files: readonly string[];
}

/** Names in a rendering have one folder at most, so that no list can name anything outside of it. */
const ownPath = /^([a-z0-9-]+\/)?[A-Za-z0-9][A-Za-z0-9.-]*$/;

/**
 * What writing a rendering would change in a folder, by file name. Changes nothing.
 *
 * @throws CliError when the folder isn't for this: a file, somebody else's, or another stack's
 */
export function differencesIn(folder: string, stack: string, files: RenderedFiles): Difference[] {
  const before = writtenIn(folder, stack);
  refuseLinks(folder, [...before.files, ...files.keys()]);
  const differences: Difference[] = [];
  for (const [file, text] of files) {
    const found = textOf(path.join(folder, file));
    if (found === null) differences.push({ file, change: "added" });
    else if (!before.files.includes(file)) throw foreign(path.join(folder, file));
    else if (found !== text) differences.push({ file, change: "changed" });
  }
  for (const file of before.files) {
    const stays = files.has(file) || !fs.existsSync(path.join(folder, file));
    if (!stays) differences.push({ file, change: "removed" });
  }
  return differences.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Makes a folder hold a rendering: writes what differs, removes what an earlier rendering wrote and this one hasn't, and
 * touches nothing else. All is written beside first and then renamed, so that a full disk changes nothing; what a kill
 * leaves half done, the next rendering completes.
 *
 * @returns what was changed
 * @throws CliError as `differencesIn`; the system's own errors
 */
export async function writeRendering(
  folder: string,
  stack: string,
  files: RenderedFiles,
): Promise<Difference[]> {
  differencesIn(folder, stack, files);
  fs.mkdirSync(folder, { recursive: true });
  return exclusively(path.join(folder, lockName), () =>
    Promise.resolve(writeLocked(folder, stack, files)),
  );
}

function writeLocked(folder: string, stack: string, files: RenderedFiles): Difference[] {
  const differences = differencesIn(folder, stack, files);
  const before = writtenIn(folder, stack).files;
  const draft = path.join(folder, draftName);
  const written = differences.filter(({ change }) => change !== "removed").map(({ file }) => file);
  const removed = differences.filter(({ change }) => change === "removed").map(({ file }) => file);
  fs.rmSync(draft, { recursive: true, force: true });
  try {
    for (const file of written) {
      fs.mkdirSync(path.dirname(path.join(draft, file)), { recursive: true });
      fs.writeFileSync(path.join(draft, file), files.get(file)!);
    }
    // Until all is in place both lists count, so that no kill leaves a file nobody knows of.
    writeList(folder, stack, [...new Set([...before, ...files.keys()])]);
    for (const file of written) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.renameSync(path.join(draft, file), path.join(folder, file));
    }
    for (const file of removed) removeFile(folder, file);
    writeList(folder, stack, [...files.keys()]);
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
  }
  return differences;
}

/** What an earlier rendering wrote; nothing for a folder that is empty or not there. */
function writtenIn(folder: string, stack: string): Written {
  const found = entriesOf(folder).filter((name) => ![draftName, lockName].includes(name));
  if (found.length === 0) return { stack, files: [] };
  if (!found.includes(listName)) {
    throw new CliError(
      "render-folder",
      `${folder} holds files and no ${listName}, so no rendering wrote it: name a new or an empty folder with --out.`,
    );
  }
  const written = readList(path.join(folder, listName));
  if (written.stack !== stack) {
    throw new CliError(
      "render-folder",
      `${folder} holds what was rendered for ${written.stack}: name another folder for ${stack} with --out.`,
    );
  }
  return written;
}

/** A link in the place of one of our folders would have us write and remove elsewhere. */
function refuseLinks(folder: string, files: readonly string[]): void {
  for (const group of new Set(files.map((file) => path.dirname(file)))) {
    const place = path.join(folder, group);
    const link = group !== "." && fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink();
    if (link) throw foreign(place);
  }
}

function entriesOf(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code !== "ENOTDIR") throw error;
    throw new CliError(
      "render-folder",
      `${folder} is a file, or below one: name a folder with --out.`,
    );
  }
}

function readList(file: string): Written {
  const problem = new CliError(
    "render-folder",
    `${file} isn't a list that a rendering wrote: restore it, or name a new or an empty folder with --out.`,
  );
  let list: Partial<Written> | null;
  try {
    list = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Written> | null;
  } catch (error) {
    throw error instanceof SyntaxError ? problem : error;
  }
  const { stack, files } = list ?? {};
  const isOurs = (name: unknown) => typeof name === "string" && ownPath.test(name);
  if (typeof stack !== "string" || !Array.isArray(files) || !files.every(isOurs)) throw problem;
  return { stack, files: files as string[] };
}

function writeList(folder: string, stack: string, files: readonly string[]): void {
  const list: Written = { stack, files: [...files].sort() };
  const text = `${JSON.stringify(list, null, 2)}\n`;
  const file = path.join(folder, listName);
  if (textOf(file) === text) return;
  const draft = path.join(folder, draftName);
  fs.mkdirSync(draft, { recursive: true });
  fs.writeFileSync(path.join(draft, listName), text);
  fs.renameSync(path.join(draft, listName), file);
}

/** Removes a file, and its folder when that was the last one in it. */
function removeFile(folder: string, file: string): void {
  fs.rmSync(path.join(folder, file), { force: true });
  const group = path.dirname(file);
  if (group !== "." && fs.readdirSync(path.join(folder, group)).length === 0) {
    fs.rmdirSync(path.join(folder, group));
  }
}

/** A file's text; null where there is none. */
function textOf(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function foreign(place: string): CliError {
  return new CliError(
    "render-folder",
    `${place} is in the way and no rendering wrote it: move it, or name another folder with --out.`,
  );
}
