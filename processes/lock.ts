import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureStateFolder, readText } from "./folder";
import { type Identity, isAlive, ownIdentity } from "./identity";

/**
 * Runs `work` while no one else works on the process of this name, in this or another command. A lock
 * whose holder died is taken over.
 *
 * @param waitSeconds Longest wait for a living holder; then an error that names it.
 * @throws What `work` throws; failures of the file system as a sentence with what to do.
 */
export async function withProcessLock<T>(
  stateDir: string,
  name: string,
  work: () => Promise<T>,
  waitSeconds = 180,
): Promise<T> {
  try {
    return await lockAndWork(stateDir, name, work, waitSeconds);
  } catch (error) {
    throw readable(error as NodeJS.ErrnoException, name);
  }
}

/** A failure of the file system as a sentence with what to do; any other error as it is. */
function readable(error: NodeJS.ErrnoException, name: string): Error {
  const { code, path, message } = error;
  if (code === "ENOSPC") {
    return new Error(`cannot keep ${name}: the disk is full; free some space, then run this again`);
  }
  if (!code || !path) {
    return error;
  }
  return new Error(`cannot keep ${name}: ${message}; make it writable, then run this again`);
}

async function lockAndWork<T>(
  stateDir: string,
  name: string,
  work: () => Promise<T>,
  waitSeconds: number,
): Promise<T> {
  ensureStateFolder(stateDir);
  const folder = join(stateDir, "run");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = join(folder, `.${name}.lock`);
  const mine = JSON.stringify({ ...ownIdentity(), token: randomBytes(8).toString("hex") });
  const deadline = Date.now() + waitSeconds * 1000;
  while (!take(lock, mine)) {
    const holder = holderOf(readText(lock));
    if (holder && !isAlive(holder)) {
      breakLock(lock);
    } else if (Date.now() > deadline) {
      throw new Error(
        `another command (pid ${holder?.pid ?? "unknown"}) has worked on ${name} for over ${waitSeconds} s; ` +
          `wait for it or stop it, then run this again`,
      );
    } else {
      await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    if (readText(lock) === mine) {
      rmSync(lock, { force: true });
    }
  }
}

/** Takes the lock with its content in place at once: a link fails when the name exists. */
function take(lock: string, mine: string): boolean {
  const part = `${lock}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(part, mine, { mode: 0o600 });
    linkSync(part, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(part, { force: true });
  }
}

/** Moves a dead holder's lock away; puts it back when another command was faster and lives. */
function breakLock(lock: string): void {
  const moved = `${lock}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    renameSync(lock, moved);
    const holder = holderOf(readText(moved));
    if (holder && isAlive(holder)) {
      linkSync(moved, lock);
    }
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw error;
    }
  } finally {
    rmSync(moved, { force: true });
  }
}

function holderOf(text: string | null): Identity | null {
  try {
    return text ? (JSON.parse(text) as Identity) : null;
  } catch {
    return null;
  }
}
