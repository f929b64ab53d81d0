import fs from "node:fs";
import type { Cluster } from "../envoy/clusters";
import { readJson, readLiveRoute, routeFiles, writeByRename } from "../envoy/files";
import { closedRoute, type RouteFile } from "../envoy/routes";
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
  readonly schema: "tollgate.release/1";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What is being released. */
  readonly version: string;
  readonly digest: string;
  /** Null until the registry is about to be changed. */
  readonly mark: PreviousMark | null;
}

/** The journal of a release on this machine: `<stateDir>/route/journal.json`. */
export interface ReleaseJournal extends Journal {
  readonly adminUrl: string;
  /** The router's files before the release. */
  readonly previous: { readonly clusters: readonly Cluster[]; readonly routes: RouteFile };
}

/** The journal of a release that is under way or was cut off; null when there is none. */
export function readJournal(stateDir: string): ReleaseJournal | null {
  const file = routeFiles(stateDir).journal;
  const journal = readJson<ReleaseJournal>(file);
  if (journal?.schema === "tollgate.release/1") return journal;
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
  release: { version: string; digest: string; adminUrl: string },
): ReleaseJournal {
  const found = readJournal(stateDir);
  const live = readLiveRoute(stateDir);
  const journal: ReleaseJournal = {
    schema: "tollgate.release/1",
    startedAt: new Date().toISOString(),
    version: release.version,
    digest: release.digest,
    adminUrl: release.adminUrl,
    previous: found?.previous ?? {
      clusters: live.clusters ?? [],
      routes: live.routes ?? closedRoute(),
    },
    mark: found?.mark ?? null,
  };
  writeByRename(routeFiles(stateDir).journal, journal);
  return journal;
}

/** Records what the registry says before it is changed. The first record of a release stays. */
export function recordMark(stateDir: string, mark: PreviousMark): void {
  const journal = readJournal(stateDir);
  if (journal && !journal.mark) writeByRename(routeFiles(stateDir).journal, { ...journal, mark });
}

/** The release is complete, or undone. */
export function clearJournal(stateDir: string): void {
  fs.rmSync(routeFiles(stateDir).journal, { force: true });
}
