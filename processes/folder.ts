import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { ignoreItself } from "../project/git-ignore";
import { writeWhole } from "../project/whole-file";
import type { Identity } from "./identity";

/**
 * Makes a stack's state folder, or takes away what other users of the host may do in one that is there: rows of callers,
 * receipts, logs and sockets are below it.
 */
export function ensureStateFolder(stateDir: string): void {
  const all = dirname(stateDir);
  if (basename(all) === ".tollgate") ignoreItself(all);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if ((statSync(stateDir).mode & 0o077) !== 0) {
    chmodSync(stateDir, 0o700);
  }
}

/** Where one kept process has its records: `pid.json`, `exit.json`, `spec.json`, `halted.json`. */
export function runFolder(stateDir: string, name: string): string {
  return join(stateDir, "run", name);
}

export function logFile(stateDir: string, name: string): string {
  return join(stateDir, "log", `${name}.log`);
}

/** `pid.json`, written by the keeper. */
export interface RunningRecord {
  readonly keeper: Identity;
  readonly child: Identity;
  /** Hash of what was asked for, see `specHash`. */
  readonly spec: string;
  readonly ports: PortRecord;
  /** How often its keeper started the server again since; absent where the keeper is of an older Tollgate. */
  readonly restarts?: number;
}

/** The main port and the further ones by name. */
export interface PortRecord {
  readonly main: number;
  readonly [name: string]: number;
}

/** `exit.json`, written by the keeper when the server ended. Stays there when the server is started again. */
export interface ExitRecord {
  readonly child: number;
  /** ISO time. */
  readonly at: string;
  readonly code?: number;
  readonly signal?: string;
  /** Why it couldn't be started again. */
  readonly error?: string;
  /** ISO time at which the keeper starts the server again; absent when it doesn't. */
  readonly again?: string;
}

/** Its presence in the run folder says that the server has been healthy: when it ends, its keeper starts it again. */
export const healthyFile = "healthy";

/** `halted.json`, written when somebody had the server stopped; gone with its next start. */
export interface HaltRecord {
  readonly child: number;
  /** ISO time. */
  readonly at: string;
}

/** Reads a record; null when it is absent or was torn by a full disk. */
export function readRecord<T>(folder: string, file: string): T | null {
  try {
    return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
  } catch {
    return null;
  }
}

/**
 * Writes a file whole, also where its folder isn't there yet. Leaves an equal file alone.
 * Files in a folder named `secrets` are for the user only; new folders always are.
 */
export function writeFileWhole(path: string, content: string): void {
  if (readText(path) === content) {
    return;
  }
  const mode = path.split(sep).includes("secrets") ? 0o600 : 0o644;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, content, mode);
}

export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Bytes in a process's log: where what comes next will begin. */
export function logSize(stateDir: string, name: string): number {
  return statSync(logFile(stateDir, name), { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * The last five lines of a process's log, as one line of text; of those after byte `from`, unless it was rotated.
 *
 * @param isShown leaves lines out
 */
export function logTail(
  stateDir: string,
  name: string,
  from = 0,
  isShown: (line: string) => boolean = () => true,
): string {
  const log = readText(logFile(stateDir, name)) ?? "";
  const bytes = Buffer.from(log);
  const text = bytes.length >= from ? bytes.subarray(from).toString() : log;
  const lines = text.trimEnd().split("\n").filter(isShown).map(said);
  const grave = lines.filter(({ grave }) => grave);
  return (grave.length > 0 ? grave : lines)
    .slice(-5)
    .map(({ words }) => words)
    .join(" | ");
}

/** What a line of a log says to people: of a line in JSON its message, which is grave as an error only. */
function said(line: string): { words: string; grave: boolean } {
  try {
    const { level, message } = JSON.parse(line) as Record<string, unknown>;
    if (typeof message === "string") {
      const words = message.split("\n")[0] ?? "";
      return { words, grave: level === "ERROR" || level === "CRITICAL" };
    }
  } catch {
    // Most servers write plain text.
  }
  return { words: line, grave: true };
}
