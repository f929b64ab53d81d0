import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
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
  mkdirSync(folder, { recursive: true });
  for (const kind of ["stacks", "locks"]) {
    const files = join(folder, ".pulumi", kind);
    if (!existsSync(files)) continue;
    for (const name of readdirSync(files, { recursive: true, encoding: "utf8" })) {
      const file = join(files, name);
      if (name.endsWith(sidecar) && isCutOff(file)) rmSync(file, { force: true });
    }
  }
}

/** Null for any other backend. */
function backendFolder(projectDir: string, environment: NodeJS.ProcessEnv): string | null {
  const url = environment.PULUMI_BACKEND_URL ?? projectFile(projectDir).backend?.url;
  if (!url?.startsWith("file://")) return null;
  const [path = ""] = url.slice("file://".length).split("?");
  return resolve(projectDir, path.replace(/^~/, homedir()));
}

function isCutOff(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}
