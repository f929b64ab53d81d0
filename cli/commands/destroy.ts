import { existsSync, lstatSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { Settings } from "../../config/settings";
import { runEngine } from "../engine/run";
import { countLine } from "../engine/steps";
import { CliError } from "../errors";
import { failureOf } from "../releasing";
import type { Run } from "../verbs";

/** What outlives `destroy`, below the stack's state folder. */
const dataFolders = ["data", "secrets", "models"] as const;

/** `tollgate destroy`: stops everything; data goes only when asked for. Receipts always stay. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const report = await runEngine(context, settings, "destroy");
  if (!report.succeeded) throw failureOf(report, settings, "destroy");
  const there = dataFolders
    .map((name) => join(settings.stateDir, name))
    .filter((folder) => existsSync(folder));
  if (options.deleteData) for (const folder of there) removeData(settings, folder);
  const places = there.map((folder) => relative(settings.projectDir, folder)).join(", ");
  const fate = options.deleteData
    ? `Deleted ${places}`
    : `Kept ${places}; --delete-data removes them`;
  return {
    document: {
      stack: settings.stack,
      deleted: options.deleteData ? there : [],
      kept: options.deleteData ? [] : there,
    },
    text: [
      `${settings.stack} is stopped: ${countLine(report.steps.values(), "done")}.`,
      ...(there.length > 0 ? [`${fate}.`] : []),
    ].join("\n"),
  };
};

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
