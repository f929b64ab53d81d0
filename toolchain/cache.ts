import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/**
 * Folder for what is made once per user: engines, Python environments, uv.
 * `TOLLGATE_CACHE`, or the platform's usual place; `tollgate` below it.
 */
export function cacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  const platform =
    process.platform === "darwin"
      ? path.join(homedir(), "Library", "Caches")
      : path.join(homedir(), ".cache");
  const base = environment["TOLLGATE_CACHE"] || environment["XDG_CACHE_HOME"] || platform;
  return path.join(path.resolve(base), "tollgate");
}

/** An existing folder at or above `folder`: where free space can be asked for. */
export function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}
