import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import type { Settings } from "../config/settings";
import { CliError, usageError } from "./errors";

const run = promisify(execFile);

/** A copy of a stack's data in one archive, made before the data is deleted. */
export interface DataBackup {
  /** Where it goes, absolute. */
  readonly file: string;
  /** Packs the folders, and reads the archive back. Throws when it isn't whole; nothing is left of it then. */
  make(folders: readonly string[]): Promise<void>;
  /** Gives up a backup that wasn't made. */
  abandon(): void;
}

/**
 * Claims the place of a backup, so that a place that won't do is told before anything is changed.
 *
 * @param wanted as the user wrote it, seen from the working directory
 * @throws CliError for a file that is there, a folder that isn't, or a stack whose data isn't on this machine
 */
export function claimBackup(
  { projectDir, stateDir, stack, kubernetes }: Settings,
  wanted: string,
): DataBackup {
  if (kubernetes) {
    throw usageError(
      `--backup copies data of runtime local, and ${stack} runs in a cluster: back its volumes up with what your cluster has for that, such as volume snapshots.`,
    );
  }
  const file = resolve(wanted);
  if (file.startsWith(stateDir + sep)) {
    throw usageError(`The backup ${file} would lie in what is deleted: name a file elsewhere.`);
  }
  if (existsSync(file)) {
    throw usageError(`The backup ${file} is there already: name another file, or remove it.`);
  }
  const part = `${file}.part`;
  try {
    // Passwords are among the data.
    closeSync(openSync(part, "wx", 0o600));
  } catch (error) {
    const { message } = error as Error;
    throw usageError(
      `The backup ${file} can't be written (${message}): name a file in a folder that can.`,
    );
  }
  return {
    file,
    async make(folders) {
      const names = folders.map((folder) => relative(projectDir, folder));
      try {
        await run("tar", ["-czf", part, "-C", projectDir, ...names]);
        await run("tar", ["-tzf", part], { maxBuffer: 512 * 1024 * 1024 });
        renameSync(part, file);
      } catch (error) {
        rmSync(part, { force: true });
        const said = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1);
        throw new CliError(
          "backup",
          `The backup ${file} couldn't be made (${said || (error as Error).message}), so no data was deleted; the servers of ${stack} are ended.`,
        );
      }
    },
    abandon: () => rmSync(part, { force: true }),
  };
}
