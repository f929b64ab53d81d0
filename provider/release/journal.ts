import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Cluster } from "../envoy/clusters";
import { readJson, readLiveRoute, routeFiles, writeByRename } from "../envoy/files";
import type { RouteFile } from "../envoy/route";
import { closedRoute } from "../envoy/routes";
import type { RegistryAddress } from "../inputs";

/** What the registry said before the release touched it. */
export interface PreviousMark {
  readonly registry: RegistryAddress;
  readonly model: string;
  readonly alias: string;
  /** The version the alias pointed at; null when there was no such alias. */
  readonly aliasVersion: string | null;
  /** Legacy stages of the versions the release changes, by version. */
  readonly stages: Readonly<Record<string, "None" | "Staging" | "Production" | "Archived">>;
}

/**
 * What is needed to undo a release, written before anything is changed and removed when the receipt is in the chain. One
 * that is found means a release was cut off.
 */
export interface Journal {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What is being released. */
  readonly version: string;
  readonly digest: string;
  /** Null until the registry is about to be changed. */
  readonly mark: PreviousMark | null;
}

const schema = "tollgate.release/1";

/** The journal of a release on this machine: `<stateDir>/route/journal.json`. */
export interface ReleaseJournal extends Journal {
  readonly schema: typeof schema;
  /** The router's files before the release. */
  readonly previous: { readonly clusters: readonly Cluster[]; readonly routes: RouteFile };
}

/** The journal of a release that is under way or was cut off; null when there is none. */
export function readJournal(stateDir: string): ReleaseJournal | null {
  const file = routeFiles(stateDir).journal;
  const journal = readJson<ReleaseJournal>(file);
  if (journal?.schema === schema) return journal;
  if (fs.existsSync(file)) {
    throw new Error(
      `the release journal ${file} can't be read; check with \`tollgate status\` what is served, remove the file and run \`up\` again`,
    );
  }
  return null;
}

/**
 * Opens the journal of a release, before it changes anything. One that a cut-off release left is carried on: what was
 * there before that release is what an undo goes back to.
 */
export function openJournal(
  stateDir: string,
  release: { version: string; digest: string },
): ReleaseJournal {
  const found = readJournal(stateDir);
  const live = readLiveRoute(stateDir);
  const journal: ReleaseJournal = {
    schema,
    startedAt: new Date().toISOString(),
    version: release.version,
    digest: release.digest,
    previous: found?.previous ?? {
      clusters: live.clusters ?? [],
      routes: live.routes ?? closedRoute(),
    },
    mark: found?.mark ?? null,
  };
  keepRoom(stateDir);
  writeByRename(routeFiles(stateDir).journal, journal);
  return journal;
}

/** Bytes that are kept free for the way back: the router's files are a tenth of it. */
const roomBytes = 128 * 1024;

/** Takes up room while a release is under way, so that traffic can be put back though the disk has filled up meanwhile. */
function keepRoom(stateDir: string): void {
  const file = roomFile(stateDir);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // Bytes that no file system can make smaller.
  fs.writeFileSync(file, randomBytes(roomBytes), { flush: true });
}

/** Gives the room that was kept to whoever undoes the release. */
export function giveRoom(stateDir: string): void {
  fs.rmSync(roomFile(stateDir), { force: true });
}

function roomFile(stateDir: string): string {
  return path.join(routeFiles(stateDir).directory, ".room");
}

/** Records what the registry says before it is changed. The first record of a release stays. */
export function recordMark(stateDir: string, mark: PreviousMark): void {
  const journal = readJournal(stateDir);
  if (journal && !journal.mark) writeByRename(routeFiles(stateDir).journal, { ...journal, mark });
}

/** The release is complete, or undone. */
export function clearJournal(stateDir: string): void {
  fs.rmSync(routeFiles(stateDir).journal, { force: true });
  giveRoom(stateDir);
}
