import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Settings } from "../../config/settings";
import { ensureStateFolder } from "../../processes/folder";
import { samePlace } from "../../processes/home";
import { partingOf, partingSentence } from "../../processes/place";
import { replaceFile } from "../../project/stack-files";
import { operationsOf } from "../../runtimes";
import { CliError } from "../errors";
import { backendFolder } from "./backend";
import type { ExportedState } from "./stack";
import { tokens } from "../../policies/resource-tokens";

/** How a stack's state is read, and written back. */
export interface StateAccess {
  read(): Promise<ExportedState | null>;
  write(state: unknown): Promise<void>;
}

/**
 * Makes sure that a stack's state speaks of the folder that the command works in: what the engine does goes by the
 * state. The paths of a folder that was moved as a whole, with nothing running, are put right in it.
 *
 * @param known is what an earlier command saw here believed? The provider looks at each resource that a program declares, but
 *   not at those that are only read or deleted.
 * @returns the folder that the state spoke of before, where it was put right
 * @throws CliError when it is the state of another folder, with what to do
 */
export async function requirePlace(
  settings: Settings,
  state: StateAccess,
  known: "believed" | "looked at",
): Promise<string | null> {
  const { stateDir, projectDir } = settings;
  if (!operationsOf(settings).traits.stateNamesFolders) return null;
  const ownState = isBelow(projectDir, backendFolder(projectDir, process.env));
  // A state beside the code goes where the code goes, and was looked at here before.
  if (known === "believed" && ownState && readPlace(stateDir) === stateDir) return null;
  const exported = await readable(state);
  if (exported === "unreadable") return null;
  const recorded = exported && recordedPlace(exported);
  if (recorded && recorded !== stateDir) {
    const parting = partingOf(recorded, stateDir);
    if (parting) {
      throw new CliError("other-place", partingSentence(parting, stateDir, ownState));
    }
    // Two names of one folder are put right as well: whatever goes by its name would be made anew.
    await state.write(inPlace(exported, recorded, stateDir));
  }
  writePlace(stateDir);
  return recorded && !samePlace(recorded, stateDir) ? recorded : null;
}

/** Why a state can't be read, the engine says when it is run. */
async function readable(state: StateAccess): Promise<ExportedState | null | "unreadable"> {
  try {
    return await state.read();
  } catch (error) {
    if (error instanceof CliError) return "unreadable";
    throw error;
  }
}

/** The state folder that the kept processes of a state are in; null without any, or in another kind of folder. */
export function recordedPlace({ deployment }: ExportedState): string | null {
  for (const { type, inputs } of deployment.resources ?? []) {
    const stateDir = type === tokens.Process ? inputs?.stateDir : null;
    if (typeof stateDir === "string" && /\/\.tollgate\/[^/]+$/.test(stateDir)) return stateDir;
  }
  return null;
}

/** A state with every path below one state folder, and below its project folder, as it is now. */
export function inPlace(exported: ExportedState, from: string, to: string): ExportedState {
  const now = new Map([
    [from, to],
    [projectOf(from), projectOf(to)],
  ]);
  // The longer one first, and each only as a whole name: `/a` isn't in `/ab`.
  const names = [...now.keys()].map((path) => path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\w.-])(?:${names.join("|")})(?![\\w.-])`, "g");
  return JSON.parse(JSON.stringify(exported), (_key, value: unknown) =>
    typeof value === "string" ? value.replace(pattern, (path) => now.get(path) ?? path) : value,
  ) as ExportedState;
}

function projectOf(stateDir: string): string {
  return dirname(dirname(stateDir));
}

function isBelow(folder: string, path: string | null): boolean {
  return path !== null && !relative(folder, path).startsWith("..");
}

function placeFile(stateDir: string): string {
  return join(stateDir, "engine", "place");
}

function readPlace(stateDir: string): string | null {
  const file = placeFile(stateDir);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : null;
}

function writePlace(stateDir: string): void {
  ensureStateFolder(stateDir);
  mkdirSync(dirname(placeFile(stateDir)), { recursive: true });
  replaceFile(placeFile(stateDir), `${stateDir}\n`);
}
