import { existsSync, mkdirSync, readFileSync, statfsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, parseDocument } from "yaml";
import { CliError } from "../errors";
import type { PinnedVersion } from "../../policies/gate";
import { replaceFile, stackFile } from "../../project/stack-files";
import { ensureStateFolder } from "../../processes/folder";

/** Where a stack's settings and state are. */
export interface StackPlace {
  projectDir: string;
  stack: string;
  stateDir: string;
}

/**
 * The settings file the engine is given. The engine adds an encryption salt to any settings file that has none, and
 * reformats it. A salt belongs to this machine's passphrase and not in the repository, so the engine gets a copy in
 * the state folder; a file with a salt of its own is used as it is.
 *
 * @param pin what the copy shall pin; the same as the file when undefined
 */
export function engineConfigFile(
  { projectDir, stack, stateDir }: StackPlace,
  pin?: PinnedVersion | null,
): string {
  const file = stackFile(projectDir, stack);
  const text = readFileSync(file, "utf8");
  if (pin === undefined && /^(encryptionsalt|secretsprovider):/m.test(text)) return file;
  const copy = join(stateDir, "engine", `Pulumi.${stack}.yaml`);
  const settings = parseDocument(text);
  if (pin === null) settings.deleteIn(["config", "tollgate:pin"]);
  else if (pin) settings.setIn(["config", "tollgate:pin"], `${pin.version}@${pin.digest}`);
  if (!settings.has("encryptionsalt")) {
    const salt =
      existsSync(copy) && parseDocument(readFileSync(copy, "utf8")).get("encryptionsalt");
    if (typeof salt === "string") settings.set("encryptionsalt", salt);
  }
  ensureStateFolder(stateDir);
  mkdirSync(dirname(copy), { recursive: true });
  replaceFile(copy, settings.toString());
  return copy;
}

interface ProjectFile {
  name?: string;
  /** Folder of the program, seen from the project's. @default the project's own */
  main?: string;
  runtime?: string | { name?: string };
  backend?: { url?: string };
  plugins?: { providers?: { name?: string; path?: string }[] };
}

/** What Pulumi.yaml says, as far as it is used here. */
export function projectFile(projectDir: string): ProjectFile {
  const file = readFileSync(join(projectDir, "Pulumi.yaml"), "utf8");
  return (parse(file) ?? {}) as ProjectFile;
}

/** Is the project's program the one at the root given, or one that a user wrote? */
export function runsProgramOf(root: string, projectDir: string): boolean {
  return resolve(projectDir, projectFile(projectDir).main ?? ".") === root;
}

/** Room an update needs for its state and logs, in bytes: plenty, and nothing on a disk of today. */
const room = 16 * 1024 * 1024;

/**
 * Refuses to start on a full disk. The engine writes its files in place, so one that fills up in the middle of an
 * update can cut the stack's state off.
 *
 * @throws CliError
 */
export function requireRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= room) return;
  throw new CliError(
    "disk-full",
    `The disk with ${folder} has only ${Math.floor(free / 1024)} kB free, and ${room / 1024 / 1024} MB are needed to change a stack safely: free some space and run this again.`,
  );
}

/** What `pulumi stack export` writes, as far as it is used here. */
export interface ExportedState {
  deployment: Deployment;
}

interface Deployment {
  resources?: { urn: string; type: string; inputs?: Record<string, unknown> }[];
  pending_operations?: PendingOperation[];
}

/** A change that was under way when an engine was killed. */
export interface PendingOperation {
  type: string;
  resource: { urn: string; type: string; inputs?: Record<string, unknown> };
}

/**
 * Takes our own interrupted creations, and those in a cluster, out of an exported state. Creation adopts what was left behind, so after a
 * successful `up` they are settled: `settled` are those, and `abandoned` the ones among them that no resource of the
 * state stands for any more. Others' stay, for their owner to look at.
 */
export function settlePending(exported: ExportedState): {
  state: unknown;
  settled: PendingOperation[];
  abandoned: PendingOperation[];
} {
  const { deployment } = exported;
  const known = new Set((deployment.resources ?? []).map(({ urn }) => urn));
  const isOurs = ({ type, resource }: PendingOperation) =>
    type === "creating" && /^(tollgate|kubernetes):/.test(resource.type);
  const pending = deployment.pending_operations ?? [];
  const settled = pending.filter(isOurs);
  return {
    state: {
      ...exported,
      deployment: { ...deployment, pending_operations: pending.filter((each) => !isOurs(each)) },
    },
    settled,
    abandoned: settled.filter(({ resource }) => !known.has(resource.urn)),
  };
}
