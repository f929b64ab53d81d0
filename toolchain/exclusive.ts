import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startOf } from "./processes";

/** Who holds a lock. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly start: string;
}

export interface ExclusiveOptions {
  /** Called every quarter of a second while another process has the lock. */
  readonly onWait?: (holder: Holder) => void;
}

/** Milliseconds between two looks at a lock that is held. */
const LOOK_EVERY = 250;
/** The holder touches its lock this often, for waiters on other hosts, who can't see whether it lives. */
const TOUCH_EVERY = 10_000;
const SILENT_AFTER = 90_000;

/**
 * Runs `work` while no other process does so for the same lock file. A lock whose holder died is taken over.
 *
 * What is guarded must be safe without it as well (rename into place): it saves doing the same work twice.
 */
export async function exclusively<T>(
  file: string,
  work: () => Promise<T>,
  { onWait }: ExclusiveOptions = {},
): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  while (!acquire(file)) {
    const holder = readHolder(file);
    if (holder && isAlive(holder, file)) {
      onWait?.(holder);
      await sleep(LOOK_EVERY);
    } else if (holder) {
      takeAway(file, holder);
    }
  }
  const touch = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {
      // The file was removed by hand: nothing to keep fresh.
    }
  }, TOUCH_EVERY);
  touch.unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    rmSync(file, { force: true });
  }
}

/** This process, as written into locks. */
export function self(): Holder {
  return { host: hostname(), pid: process.pid, start: startOf(process.pid) ?? "" };
}

/** Does the holder still live? On another host: did it touch its lock lately? */
export function isAlive(holder: Holder, file?: string): boolean {
  if (holder.host === hostname()) return startOf(holder.pid) === holder.start;
  const touched = file && statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return !touched || Date.now() - touched < SILENT_AFTER;
}

/** A link appears with its content or not at all, so that nobody ever reads half a lock. */
function acquire(file: string): boolean {
  const draft = unique(file);
  writeFileSync(draft, JSON.stringify(self()));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null when the lock was given back in the meantime. */
function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError) return { host: hostname(), pid: 0, start: "unreadable" };
    return null;
  }
}

/** Removes a dead holder's lock, and puts it back when somebody living took it over a moment before. */
function takeAway(file: string, dead: Holder): void {
  const aside = unique(file);
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved?.pid !== dead.pid || moved.start !== dead.start) linkSync(aside, file);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function unique(file: string): string {
  return `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
}
