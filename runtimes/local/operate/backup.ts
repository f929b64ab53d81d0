import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import type { Settings } from "../../../config/settings";
import { OperationError } from "../../errors";
import type { DataBackup } from "../../operations";

const run = promisify(execFile);

/**
 * Claims the place of a backup. A place that can't be used is an error before anything is changed.
 *
 * @param wanted as the user wrote it, seen from the working directory
 * @throws OperationError for a file that is there, or a folder that isn't
 */
export function claimBackup({ projectDir, stateDir, stack }: Settings, wanted: string): DataBackup {
  const file = resolve(wanted);
  if (file.startsWith(stateDir + sep)) {
    throw usage(`The backup ${file} would lie in what is deleted: name a file elsewhere.`);
  }
  if (existsSync(file)) {
    throw usage(`The backup ${file} is there already: name another file, or remove it.`);
  }
  const part = `${file}.part`;
  try {
    // Passwords are among the data.
    closeSync(openSync(part, "wx", 0o600));
  } catch (error) {
    const { message } = error as Error;
    throw usage(
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
        throw new OperationError(
          "backup",
          `The backup ${file} couldn't be made (${said || (error as Error).message}), so no data was deleted; the servers of ${stack} are ended.`,
        );
      }
    },
    abandon: () => rmSync(part, { force: true }),
  };
}

function usage(message: string): OperationError {
  return new OperationError("usage", message);
}
