import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { readRecord, type RunningRecord, runFolder } from "./folder";
import { statFields } from "./identity";
import type { ProcessInputs } from "./process";

/** The stack that a kept process belongs to, by the folder that it works in now. */
export interface Home {
  /** Project folder, absolute. */
  readonly projectDir: string;
  readonly stack: string;
  /** Of the process, such as `tracking-server`. */
  readonly name: string;
  /** Number of its keeper, or of the process where that is gone. */
  readonly pid: number;
  /** Is the folder still there? */
  readonly there: boolean;
}

/** What marks a run folder as one that the operating system has lost the name of. */
const deleted = " (deleted)";

/**
 * Is a recorded process the one of this very run folder? A folder that was copied holds the records of another folder's
 * servers, and one that was moved still has its own.
 */
export function isOwn(stateDir: string, name: string, record: RunningRecord): boolean {
  const folder = runFolder(stateDir, name);
  const startedIn = readRecord<ProcessInputs>(folder, "spec.json")?.stateDir;
  if (startedIn === undefined || samePlace(startedIn, stateDir)) return true;
  const works = workFolderOf(record.keeper.pid);
  if (works !== null) return samePlace(works, folder);
  // Not told: then it belongs to the folder that it was started for, as long as that has it in its records.
  const there = readRecord<RunningRecord>(runFolder(startedIn, name), "pid.json");
  return there?.child.pid !== record.child.pid || there.child.start !== record.child.start;
}

/** Do two paths lead to one folder? Of one that isn't there, its name has to do. */
export function samePlace(one: string, other: string): boolean {
  return one === other || realPath(one) === realPath(other);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Where a keeper's own run folder is now; null where the system doesn't tell, or the folder is gone. */
function workFolderOf(keeper: number): string | null {
  const lock = lockOf(keeper);
  return lock === null || lock.endsWith(deleted) ? null : dirname(lock);
}

/**
 * The lock that a keeper has open, by its name now: the operating system follows a folder that is moved. Null for any other
 * process, and where the system doesn't tell.
 */
function lockOf(pid: number): string | null {
  try {
    const folder = `/proc/${pid}/fd`;
    const open = readdirSync(folder).map((descriptor) => linkOf(`${folder}/${descriptor}`));
    return open.find((path) => basename(path).replace(deleted, "") === "keeper.lock") ?? null;
  } catch {
    return null;
  }
}

/**
 * The stack whose kept process this is, with its keeper's number; null for any other, and where the system doesn't tell. To
 * end the server alone would only have its keeper start it again.
 */
export function homeOf(pid: number): Home | null {
  let home: Home | null = null;
  for (let each = pid, steps = 0; each > 1 && steps < 5; each = parentOf(each), steps++) {
    const found = homeAt(each);
    if (home && !found) return home;
    home = found;
  }
  return home;
}

function homeAt(pid: number): Home | null {
  return homeNamed(linkOf(`/proc/${pid}/cwd`), pid) ?? homeNamed(lockOf(pid) ?? "", pid);
}

/** @param link name of a run folder, or of a file in it, as the system tells it */
function homeNamed(link: string, pid: number): Home | null {
  const there = !link.endsWith(deleted);
  const path = there ? link : link.slice(0, -deleted.length);
  const found = /^(.*)\/\.tollgate\/([^/]+)\/run\/([^/]+)(?:\/keeper\.lock)?$/.exec(path);
  return found && { projectDir: found[1] || "/", stack: found[2]!, name: found[3]!, pid, there };
}

function parentOf(pid: number): number {
  try {
    return Number(statFields(pid)[1]);
  } catch {
    return 0;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
