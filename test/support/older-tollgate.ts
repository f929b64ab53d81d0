import fs from "node:fs";
import path from "node:path";
import { cacheDir } from "../../toolchain/cache";
import { installOnce } from "../../toolchain/install";
import { run } from "../../toolchain/processes";

const root = path.join(__dirname, "..", "..");

/**
 * The commit whose stacks specs bring forward: the last before the folders of runtimes were drawn anew. Its Python
 * environment and image are others than today's: MLflow was 3.17.2.
 */
const commit = "127f9d5db1b55483587dd2b0bb1c120bd4f65d98";
const olderName = commit.slice(0, 7);

/**
 * Folder of an older Tollgate with its own packages. It is made once, from this clone's history and the npm registry,
 * and kept in the cache beside the engine and the Python environments.
 *
 * @throws Error one sentence when the clone doesn't reach back to that commit
 */
export async function olderTollgate(): Promise<string> {
  const target = path.join(cacheDir(), "older", olderName);
  await installOnce({
    what: `Tollgate of ${olderName}`,
    target,
    progress: () => {},
    make: async (folder) => {
      await checkOut(folder);
      const quick = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit"];
      await run("npm", ["ci", ...quick, "--no-fund"], { cwd: folder });
      return { commit };
    },
  });
  return target;
}

async function checkOut(folder: string): Promise<void> {
  const git = (...args: string[]) =>
    run("git", ["-C", root, "-c", `safe.directory=${root}`, ...args]);
  await git("cat-file", "-e", `${commit}^{commit}`).catch((error: Error) => {
    throw new Error(
      `This clone has no commit ${olderName}, whose stacks are to be brought forward: run \`git fetch --unshallow\`. git says: ${error.message}`,
    );
  });
  const archive = `${folder}.tar`;
  try {
    await git("archive", "--output", archive, commit);
    await run("tar", ["--extract", "--file", archive, "--directory", folder]);
  } finally {
    fs.rmSync(archive, { force: true });
  }
}
