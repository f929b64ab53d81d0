import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { exclusively, isAlive, self, type Holder } from "./exclusive";
import type { Progress } from "./progress";
import { RunError } from "./processes";

/** Written last into everything that is installed: a folder without it is half done. */
const MARKER = "tollgate.json";

export interface InstallOptions<Facts> {
  /** What it is, for messages: `Pulumi engine 3.259.0`. */
  readonly what: string;
  /** Where it shall be; its folder is made when missing. */
  readonly target: string;
  /** Makes it in an empty folder beside the target and gives what is to be known about it later. */
  readonly make: (folder: string) => Promise<Facts>;
  readonly progress: Progress;
  /** Is what is installed out of date? @default never */
  readonly replaces?: (facts: Facts) => boolean;
}

/** The machine, not the source, is what stands in the way; its message is a whole sentence. */
export class InstallError extends Error {}

/** What `make` said about an installed folder; null when there is none or only half of one. */
export function installed<Facts>(target: string): Facts | null {
  try {
    return JSON.parse(readFileSync(path.join(target, MARKER), "utf8")) as Facts;
  } catch {
    return null;
  }
}

/** Writes down something else about an installed folder. */
export function remark<Facts>(target: string, facts: Facts): void {
  const draft = path.join(target, `${MARKER}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(facts));
  renameSync(draft, path.join(target, MARKER));
}

/**
 * Installs a folder at most once: made under a lock, in a folder of its own beside the target, marked as whole and
 * renamed into place. A kill at any moment, two at once and a full disk leave either the whole or nothing.
 */
export async function installOnce<Facts>(options: InstallOptions<Facts>): Promise<Facts> {
  const { what, target, progress } = options;
  const before = current(options);
  if (before) return before;
  try {
    return await exclusively(`${target}.lock`, () => installLocked(options), {
      onWait: ({ pid }) => progress(`Waiting for process ${pid}, which is installing the ${what}`),
    });
  } catch (error) {
    throw isDiskFull(error)
      ? fullDisk(what, target)
      : isReadOnly(error)
        ? readOnly(what, target)
        : error;
  }
}

function current<Facts>({ target, replaces }: InstallOptions<Facts>): Facts | null {
  const facts = installed<Facts>(target);
  return facts && !replaces?.(facts) ? facts : null;
}

async function installLocked<Facts>(options: InstallOptions<Facts>): Promise<Facts> {
  const other = current(options);
  if (other) return other;
  const { target, make } = options;
  removeLeftovers(target);
  const { pid, start, host } = self();
  const draft = `${target}.${[pid, start, host].map(encodeURIComponent).join("~")}.tmp`;
  mkdirSync(draft, { recursive: true });
  try {
    const facts = await make(draft);
    writeFileSync(path.join(draft, MARKER), JSON.stringify(facts));
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
    return facts;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Removes what killed processes left beside the target. */
function removeLeftovers(target: string): void {
  const folder = path.dirname(target);
  const prefix = `${path.basename(target)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith(".tmp")) continue;
    const [pid, start, host] = name
      .slice(prefix.length, -".tmp".length)
      .split("~")
      .map(decodeURIComponent);
    const maker: Holder = { pid: Number(pid), start: start ?? "", host: host ?? "" };
    if (!isAlive(maker, path.join(folder, name))) {
      rmSync(path.join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Was the disk full, for us or for a program that we ran? */
export function isDiskFull(error: unknown): boolean {
  const { code, output = "" } = error as NodeJS.ErrnoException & Partial<RunError>;
  return (
    code === "ENOSPC" ||
    code === "EDQUOT" ||
    /no space left on device|disk quota exceeded/i.test(output)
  );
}

function fullDisk(what: string, target: string): InstallError {
  const folder = existsSync(path.dirname(target)) ? path.dirname(target) : target;
  return new InstallError(
    `The disk is full, so the ${what} could not be installed in ${folder}: free about 3 GB there or in the temporary ` +
      "folder, or set TOLLGATE_CACHE to a folder on another disk, and run the command again.",
  );
}

function isReadOnly(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );
}

function readOnly(what: string, target: string): InstallError {
  return new InstallError(
    `The folder ${path.dirname(target)} can't be written, so the ${what} could not be installed: make it writable, or ` +
      "set TOLLGATE_CACHE to a folder that is.",
  );
}
