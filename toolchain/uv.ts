import { mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "./cache";
import { installOnce, isDiskFull } from "./install";
import { onPath, run } from "./processes";
import type { Progress } from "./progress";

/** The uv that is fetched when none is on PATH. */
export const UV_VERSION = "0.13.9";

/** The uv that would be used, without getting one: the first on PATH, or the fetched one; null when neither is there. */
export function findUv(): string | null {
  return onPath("uv")[0] ?? onPath("uv", path.dirname(fetchedUv()))[0] ?? null;
}

/** A uv that runs, fetched as a Python package when none is on PATH. `python` is any Python 3. */
export async function ensureUv(python: string, progress: Progress): Promise<string> {
  const found = findUv();
  if (found) return found;
  await installOnce({
    what: `uv ${UV_VERSION}`,
    target: path.dirname(fetchedUv()),
    progress,
    make: async (folder) => {
      progress(`Fetching uv ${UV_VERSION}`);
      const made = await fetchUv(python, path.join(folder, "fetched"));
      renameSync(made, path.join(folder, "uv"));
      rmSync(path.join(folder, "fetched"), { recursive: true });
      return { version: UV_VERSION };
    },
  });
  return fetchedUv();
}

function fetchedUv(): string {
  return path.join(cacheDir(), "uv", UV_VERSION, "uv");
}

/** By pip in a throw-away environment, or by the system's own pip where environments can't be made (bare Debian). */
async function fetchUv(python: string, folder: string): Promise<string> {
  const what = [
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--only-binary",
    ":all:",
    `uv==${UV_VERSION}`,
  ];
  mkdirSync(folder, { recursive: true });
  const ways = [
    async () => {
      await run(python, ["-m", "venv", folder]);
      await run(path.join(folder, "bin", "python"), ["-m", "pip", ...what]);
    },
    () => run(python, ["-m", "pip", ...what, "--target", folder]),
  ];
  const problems: string[] = [];
  for (const way of ways) {
    try {
      await way();
      return path.join(folder, "bin", "uv");
    } catch (error) {
      if (isDiskFull(error)) throw error;
      problems.push((error as Error).message);
    }
  }
  throw new Error(
    `uv ${UV_VERSION} could not be fetched with ${python} (${problems.join("; ")}): install uv and put it on PATH, or ` +
      "install Python's venv and pip modules (python3-venv and python3-pip on Debian) and run the command again.",
  );
}
