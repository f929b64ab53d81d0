import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Makes a folder in which git sees nothing, whatever the repository around it ignores: it holds passwords, data and what
 * callers sent, and would make every training one of uncommitted changes. A file of the user's own there is left alone.
 */
export function ignoreItself(folder: string): void {
  const file = path.join(folder, ".gitignore");
  if (existsSync(file)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, "# Made by Tollgate. State of this machine: secrets, data, logs.\n*\n");
}
