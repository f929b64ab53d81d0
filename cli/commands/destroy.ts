import { existsSync, lstatSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import type { DataBackup } from "../../runtimes/operations";
import { keptNames } from "../../processes/kept";
import type { Context } from "../context";
import { confirmLoss } from "../terminal/confirming";
import { requireOwnState, runEngine } from "../engine/run";
import { countLine } from "../engine/steps";
import { CliError, usageError } from "../errors";
import type { Outcome } from "../terminal/output";
import { failureOf } from "../releasing/releasing";
import { recordDestroyed } from "../status/ended";
import type { Options, Run } from "../verb";

/** What outlives `destroy`, below the stack's state folder. */
const dataFolders = ["data", "secrets", "models"] as const;

/** `tollgate destroy`: stops everything; data goes only when asked for. Receipts on this machine always stay. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const backup = await askedBackup(context, settings, options);
  try {
    return await destroyed(context, settings, options.deleteData === true, backup);
  } finally {
    backup?.abandon();
  }
};

async function destroyed(
  context: Context,
  settings: Settings,
  deleteData: boolean,
  backup: DataBackup | null,
): Promise<Outcome> {
  const { stack, stateDir } = settings;
  const operations = operationsOf(settings);
  await operations.requireReady(settings);
  await requireOwnState(context, settings, "destroy");
  const report = await runEngine(context, settings, "destroy");
  if (!report.succeeded) throw failureOf(report, settings, "destroy");
  removeEmptied(stateDir);
  recordDestroyed(stateDir);
  const folders = dataFolders
    .map((name) => join(stateDir, name))
    .filter((folder) => existsSync(folder));
  await backup?.make(folders);
  if (deleteData) for (const folder of folders) removeData(settings, folder);
  const inside = await operations.keptData(settings, deleteData, (what) =>
    context.output.progress(what),
  );
  const there = [...folders, ...(inside?.places ?? [])];
  return {
    document: {
      stack,
      deleted: deleteData ? there : [],
      kept: deleteData ? [] : there,
      backup: backup?.file ?? null,
    },
    text: [
      `${stack} is stopped: ${countLine(report.steps.values(), "done")}.`,
      ...(folders.length > 0 ? [`${folderFate(settings, folders, deleteData)}.`] : []),
      ...(backup ? [backedUp(settings, backup)] : []),
      ...(inside?.sentence ? [inside.sentence] : []),
    ].join("\n"),
  };
}

/** The backup that was asked for, once it is clear that the data shall go. */
async function askedBackup(
  context: Context,
  settings: Settings,
  { deleteData, backup, yes }: Options,
): Promise<DataBackup | null> {
  if (deleteData !== true) {
    if (yes === undefined && backup === undefined) return null;
    throw usageError("--yes and --backup belong to --delete-data: without it no data goes.");
  }
  const claimed =
    typeof backup === "string" ? await operationsOf(settings).claimBackup(settings, backup) : null;
  try {
    await confirmLoss(context, settings, yes, lossOf(settings, claimed));
    return claimed;
  } catch (error) {
    claimed?.abandon();
    throw error;
  }
}

function lossOf(settings: Settings, backup: DataBackup | null): string {
  const { stack } = settings;
  const { dataPlace, traits } = operationsOf(settings);
  const where = dataPlace(settings);
  const lost = `--delete-data deletes its registry, every version with its evidence and its bytes, in ${where}.`;
  if (backup) return `${lost} A copy is kept in ${backup.file}.`;
  return traits.backsUp
    ? `${lost} Nothing keeps a copy; --backup ${stack}.tgz would.`
    : `${lost} Nothing keeps a copy.`;
}

function backedUp({ projectDir, stack }: Settings, { file }: DataBackup): string {
  return `A copy is in ${file}; \`tar -xzf ${file} -C ${projectDir}\` and \`tollgate up --stack ${stack}\` bring it back.`;
}

/** Records and routes of processes that are gone, also of those that an interrupted run had started. */
function removeEmptied(stateDir: string): void {
  if (keptNames(stateDir).length > 0) return;
  for (const name of ["run", "route"]) {
    rmSync(join(stateDir, name), { recursive: true, force: true });
  }
}

function folderFate(
  { projectDir }: Settings,
  folders: readonly string[],
  deleted: boolean,
): string {
  const places = folders.map((folder) => relative(projectDir, folder)).join(", ");
  return deleted ? `Deleted ${places}` : `Kept ${places}; --delete-data removes them`;
}

/** Removes one folder of the state, and refuses anything that would lead out of it. */
function removeData({ stateDir, stack }: Settings, folder: string): void {
  const inside = relative(stateDir, folder);
  const safe =
    stateDir.endsWith(join(".tollgate", stack)) &&
    !inside.startsWith("..") &&
    !inside.includes("/");
  if (!safe || lstatSync(folder).isSymbolicLink()) {
    throw new CliError(
      "unsafe-path",
      `${folder} is a link or not below .tollgate/${stack}, so it was not deleted: remove it yourself.`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
}
