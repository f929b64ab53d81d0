import fs from "node:fs";
import path from "node:path";
import { SettingsError } from "./errors";
import { writeWhole } from "./whole-file";

/**
 * What a stack may be called: its name is also that of a folder below `.tollgate/`, so that `.` and `..` would lead out of
 * it, and what begins with - is an option to a command line.
 */
const named = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const pattern = new RegExp(`^Pulumi\\.(${named})\\.ya?ml$`);

/**
 * Refuses a name that no stack may have.
 *
 * @throws SettingsError that says what is allowed
 */
export function requireStackName(stack: string): void {
  if (new RegExp(`^${named}$`).test(stack)) return;
  throw new SettingsError(
    `${JSON.stringify(stack)} is no name for a stack: use letters, digits, _ . and -, with a letter, a digit or _ at the beginning.`,
  );
}

/**
 * A folder by its own name, also when it was come to by a link, absolute: what runs, and what a state speaks of, is known by
 * the names of its files.
 */
export function realFolder(folder: string): string {
  return fs.existsSync(folder) ? fs.realpathSync(folder) : path.resolve(folder);
}

/** Stacks that have a settings file in a project folder, sorted. */
export function stackNames(projectDir: string): string[] {
  const names = fs.readdirSync(projectDir).map((file) => pattern.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The stack whose settings a file's name says it holds; null for another name. */
export function stackOf(file: string): string | null {
  return pattern.exec(path.basename(file))?.[1] ?? null;
}

/**
 * Absolute path of a stack's settings file, which is there.
 *
 * @throws SettingsError that lists the stacks there are, or says what a stack may be called
 */
export function stackFile(projectDir: string, stack: string): string {
  requireStackName(stack);
  const candidates = ["yaml", "yml"].map((end) => path.join(projectDir, `Pulumi.${stack}.${end}`));
  const found = candidates.find((file) => fs.existsSync(file));
  if (found) return found;
  const there = fs.existsSync(projectDir) ? stackNames(projectDir) : [];
  const list = there.length > 0 ? `there are ${there.join(", ")}` : "the folder has none";
  throw new SettingsError(
    `Stack ${JSON.stringify(stack)} has no file Pulumi.${stack}.yaml in ${projectDir}; ${list}.`,
  );
}

/**
 * What a file of a project folder holds; nothing when there is none.
 *
 * @throws SettingsError for a file that can't be read
 */
export function contentOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new SettingsError(
      `${file} can't be read (${(error as Error).message}); allow it or remove it.`,
    );
  }
}

/** Replaces a file at once: readers see the old content or the new, and a kill in the middle leaves the old. */
export function replaceFile(file: string, content: string): void {
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const mode = fs.existsSync(target) ? fs.statSync(target).mode & 0o777 : 0o644;
  try {
    writeWhole(target, content, mode);
  } catch (error) {
    const reason = (error as Error).message;
    throw new SettingsError(`${target} can't be written (${reason}); free space or allow it.`);
  }
}
