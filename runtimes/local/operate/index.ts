import { existsSync } from "node:fs";
import { join } from "node:path";
import { backingsOf } from "../../../backings";
import { runFolder } from "../../../processes/folder";
import { refuseStrangers } from "../../errors";
import type { Operations } from "../../operations";
import { localFiles } from "../files";

/** What is done with an environment on this machine. */
export const operations: Operations = {
  traits: {
    stateNamesFolders: true,
    tellsUnchanged: true,
    answersHere: true,
    releasedByOthers: false,
    backsUp: true,
  },

  // This machine is there.
  requireReady: () => Promise.resolve(),
  requireOneMove: () => Promise.resolve(),

  registryExists: ({ stateDir, trackingServer: { managed } }) =>
    Promise.resolve(!managed || existsSync(runFolder(stateDir, "tracking-server"))),
  async strangers(settings) {
    const { strangersOf } = await import("./strangers");
    return strangersOf(settings);
  },
  async requireOwnRegistry(settings) {
    const { strangerAt } = await import("./strangers");
    const stranger = await strangerAt(settings, "tracking-server");
    refuseStrangers(stranger === null ? [] : [stranger]);
  },
  withReachableRegistry: (settings, work) => work(settings),
  lostRegistryData(settings) {
    if (backingsOf(settings)?.database.keptBy !== "own") return null;
    const { postgres, sqlite } = localFiles(settings.stateDir);
    const data = settings.database.kind === "postgres" ? postgres : sqlite;
    return existsSync(data) ? null : data;
  },

  async observe(settings, askRegistry) {
    const { observe } = await import("./status");
    return observe(settings, askRegistry);
  },
  async answer(_settings, url) {
    const { answerOf } = await import("../../answer");
    return answerOf(url);
  },
  async servingAfterFailure(settings) {
    const { localServing } = await import("./status");
    return localServing(settings);
  },
  isReachableHere: () => true,

  // Releases are made on this machine alone.
  fetchReceipts: () => Promise.resolve(),

  async logs(settings) {
    const { logList } = await import("./logs");
    return logList(settings);
  },
  async logEnd(settings, name, count) {
    const { logEnd } = await import("./logs");
    return logEnd(settings, name, count);
  },

  async stop({ stateDir }) {
    const [{ inOrder, keptNames }, { haltProcess }] = await Promise.all([
      import("../../../processes/kept"),
      import("../../../processes/stop"),
    ]);
    const names = keptNames(stateDir);
    await inOrder(names, (name) => haltProcess(stateDir, name));
    return names;
  },

  dataPlace: ({ stateDir }) => join(stateDir, "data"),
  async claimBackup(settings, wanted) {
    const { claimBackup } = await import("./backup");
    return claimBackup(settings, wanted);
  },
  // All of it is in the state folder.
  keptData: () => Promise.resolve(null),

  diagnose: () => Promise.resolve([]),
  ensurePlugins: () => Promise.resolve(),

  // Our own provider looks at each process by itself.
  isUntouched: () => Promise.resolve(true),
  forgetUntouched: () => Promise.resolve(),
  recordUntouched: () => Promise.resolve(),
  undoByHand: () => Promise.resolve([]),
  removeAbandoned: () => Promise.resolve(null),

  servingImage: () => null,

  modelFolder: ({ stateDir }) => localFiles(stateDir).models,

  render: null,
};
