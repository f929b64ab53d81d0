import fs from "node:fs";
import path from "node:path";

/**
 * Puts a file in place at once: a reader, a kill or a full disk never sees half of it, and its content is on disk before it has
 * its name. The folder must be there.
 *
 * @param mode of a file for everybody to read by default, whatever the umask leaves of it
 */
export function writeWhole(file: string, content: string, mode = 0o644): void {
  // Hidden, so that nobody who lists the folder takes it for a file of its own.
  const part = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
  try {
    fs.writeFileSync(part, content, { mode, flush: true });
    fs.renameSync(part, file);
  } finally {
    // What is left of it where the disk is full takes up room that others need.
    fs.rmSync(part, { force: true });
  }
}
