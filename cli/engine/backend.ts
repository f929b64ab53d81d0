import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import { ignoreItself } from "../../project/git-ignore";
import { git } from "../git";
import { projectFile } from "./stack";

/** The engine writes one beside each file of a `file:` backend, unless its address says `metadata=skip`. */
const sidecar = ".attrs";

/**
 * Makes the folder of a `file:` backend, which the engine doesn't, and removes what an engine that was killed left
 * half-written beside a state: with it the engine reads nothing of the whole stack but "EOF", without it everything.
 */
export function prepareBackend(projectDir: string, environment: NodeJS.ProcessEnv): void {
  const folder = backendFolder(projectDir, environment);
  if (folder === null) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const kind of ["stacks", "locks"]) {
    const files = join(folder, ".pulumi", kind);
    if (!existsSync(files)) continue;
    for (const name of readdirSync(files, { recursive: true, encoding: "utf8" })) {
      const file = join(files, name);
      if (name.endsWith(sidecar) && isCutOff(file)) rmSync(file, { force: true });
    }
  }
}

/**
 * Keeps git from seeing the state of a `file:` backend inside the project folder, unless somebody commits it on purpose. Done
 * after a run of the engine: it takes a folder that it finds with a file in it for one of an old layout.
 */
export function hideBackend(projectDir: string, environment: NodeJS.ProcessEnv): void {
  const folder = backendFolder(projectDir, environment);
  if (folder === null || !`${folder}${sep}`.startsWith(`${resolve(projectDir)}${sep}`)) return;
  const state = join(folder, ".pulumi");
  const isFolder = statSync(state, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder || existsSync(join(state, ".gitignore"))) return;
  if (!git(projectDir, ["ls-files", "--", state])) ignoreItself(state);
}

/** The folder of a `file:` backend, absolute; null for any other backend. */
export function backendFolder(projectDir: string, environment: NodeJS.ProcessEnv): string | null {
  const url = environment.PULUMI_BACKEND_URL ?? projectFile(projectDir).backend?.url;
  if (!url?.startsWith("file://")) return null;
  const [path = ""] = url.slice("file://".length).split("?");
  return resolve(projectDir, path.replace(/^~/, homedir()));
}

/** Where a `file:` backend keeps a stack, absolute. */
export interface StackFiles {
  /** Its state as it was recorded last. */
  readonly state: string;
  /** Folder with a file for each run that works on it. */
  readonly locks: string;
}

/** The files of a stack in a `file:` backend; null for any other backend. */
export function stackFiles(
  projectDir: string,
  stack: string,
  environment: NodeJS.ProcessEnv,
): StackFiles | null {
  const folder = backendFolder(projectDir, environment);
  const { name } = projectFile(projectDir);
  if (folder === null || !name) return null;
  const below = join(folder, ".pulumi");
  return {
    state: join(below, "stacks", name, `${stack}.json`),
    locks: join(below, "locks", "organization", name, stack),
  };
}

function isCutOff(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}
