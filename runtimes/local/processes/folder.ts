import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { Identity } from "./identity";

/** Where one kept process has its records: `pid.json`, `exit.json`, `spec.json`. */
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
}

/** The main port and the further ones by name. */
export interface PortRecord {
  readonly main: number;
  readonly [name: string]: number;
}

/** `exit.json`, written by the keeper when the server ended. */
export interface ExitRecord {
  readonly child: number;
  /** ISO time. */
  readonly at: string;
  readonly code?: number;
  readonly signal?: string;
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
 * Writes a file by rename, so that a reader or a crash never sees half of it. Leaves an equal file alone.
 * Files in a folder named `secrets` are for the user only; new folders always are.
 */
export function writeFileWhole(path: string, content: string): void {
  if (readText(path) === content) {
    return;
  }
  const mode = path.split(sep).includes("secrets") ? 0o600 : 0o644;
  const part = `${path}.${process.pid}.part`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(part, content, { mode });
  renameSync(part, path);
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

/** The last lines of a process's log, as one line of text; of those after byte `from`, unless it was rotated. */
export function logTail(stateDir: string, name: string, from = 0, lines = 5): string {
  const log = readText(logFile(stateDir, name)) ?? "";
  const bytes = Buffer.from(log);
  const text = bytes.length >= from ? bytes.subarray(from).toString() : log;
  return text.trimEnd().split("\n").slice(-lines).join(" | ");
}
