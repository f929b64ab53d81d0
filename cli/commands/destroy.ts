import { existsSync, lstatSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { Settings } from "../../config/settings";
import type { ClusterSettings } from "../../runtimes/kubernetes/manifests/manifest";
import { inCluster, requireCluster } from "../cluster";
import type { Context } from "../context";
import { runEngine } from "../engine/run";
import { countLine } from "../engine/steps";
import { CliError } from "../errors";
import { failureOf } from "../releasing";
import type { Run } from "../verbs";

/** What outlives `destroy`, below the stack's state folder. */
const dataFolders = ["data", "secrets", "models"] as const;

/** `tollgate destroy`: stops everything; data goes only when asked for. Receipts on this machine always stay. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const { stack, kubernetes } = settings;
  const deleteData = options.deleteData === true;
  await requireCluster(settings);
  const report = await runEngine(context, settings, "destroy");
  if (!report.succeeded) throw failureOf(report, settings, "destroy");
  const folders = dataFolders
    .map((name) => join(settings.stateDir, name))
    .filter((folder) => existsSync(folder));
  if (deleteData) for (const folder of folders) removeData(settings, folder);
  const inside =
    kubernetes && (await clusterFate(context, { ...settings, kubernetes }, deleteData));
  const there = [...folders, ...(inside?.places ?? [])];
  return {
    document: {
      stack,
      deleted: deleteData ? there : [],
      kept: deleteData ? [] : there,
    },
    text: [
      `${stack} is stopped: ${countLine(report.steps.values(), "done")}.`,
      ...(folders.length > 0 ? [`${folderFate(settings, folders, deleteData)}.`] : []),
      ...(inside?.sentence ? [inside.sentence] : []),
    ].join("\n"),
  };
};

function folderFate(
  { projectDir }: Settings,
  folders: readonly string[],
  deleted: boolean,
): string {
  const places = folders.map((folder) => relative(projectDir, folder)).join(", ");
  return deleted ? `Deleted ${places}` : `Kept ${places}; --delete-data removes them`;
}

/** What is left in the cluster, deleted when that was asked for. */
async function clusterFate(
  context: Context,
  settings: ClusterSettings,
  deleted: boolean,
): Promise<{ places: string[]; sentence: string | null }> {
  const { clusterData, deleteClusterData, fateOf } = await import("../cluster-data");
  return inCluster(settings.kubernetes.cluster, async (cluster) => {
    const data = await clusterData(cluster, settings);
    const progress = context.output.progress("Deleting the data in the cluster");
    try {
      if (deleted) await deleteClusterData(cluster, data);
    } finally {
      progress.end();
    }
    const { namespace, own, volumes, secrets } = data;
    const each = [
      ...volumes.map((name) => `persistentvolumeclaim/${name}`),
      ...secrets.map((name) => `secret/${name}`),
    ];
    const whole = deleted && own ? [`namespace/${namespace}`] : each;
    return { places: namespace === null ? [] : whole, sentence: fateOf(data, deleted) };
  });
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
