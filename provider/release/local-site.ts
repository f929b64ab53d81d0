import { RouterAdmin } from "../envoy/admin";
import { readLiveRoute, writeClusters, writeRoutes } from "../envoy/files";
import { routeFacts } from "../envoy/routes";
import { reasonOf } from "../failures";
import { clearJournal, giveRoom, readJournal, recordMark, type ReleaseJournal } from "./journal";
import { dropUnused, moveTraffic } from "./move";
import type { ReleaseSite, Restored } from "./site";

/** The router of this machine, whose files are below the state folder. */
export function localSite(stateDir: string): ReleaseSite {
  return {
    served() {
      const routes = readJournal(stateDir)?.previous.routes ?? readLiveRoute(stateDir).routes;
      return Promise.resolve(routeFacts(routes));
    },
    journal: () => Promise.resolve(readJournal(stateDir)),
    recordMark: (mark) => Promise.resolve(recordMark(stateDir, mark)),
    restoreTraffic: () => restoreTraffic(stateDir),
    clear: () => Promise.resolve(clearJournal(stateDir)),
    close: () => closeRelease(stateDir),
  };
}

/** Also without a router that answers: it starts from these files. */
async function restoreTraffic(stateDir: string): Promise<Restored> {
  const { previous } = readJournal(stateDir)!;
  const served = servedBy(previous);
  const admin = new RouterAdmin(stateDir);
  giveRoom(stateDir);
  try {
    await moveTraffic(stateDir, admin, previous);
  } catch (error) {
    try {
      writeClusters(stateDir, previous.clusters);
      writeRoutes(stateDir, previous.routes);
    } catch (failure) {
      const problem = `traffic could not be put back: ${reasonOf(failure)}`;
      return { served: servedNow(stateDir), problem };
    }
    const problem = `the router has its old route on disk but did not confirm it: ${reasonOf(error)}`;
    return { served, problem };
  }
  await dropUnused(stateDir, admin).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
  return { served, problem: null };
}

function servedNow(stateDir: string): string {
  const now = routeFacts(readLiveRoute(stateDir).routes);
  return now ? `callers get version ${now.version}` : "callers get 503";
}

/** What callers get by the route before the release. */
function servedBy({ routes }: ReleaseJournal["previous"]): string {
  const before = routeFacts(routes);
  return before
    ? `callers get version ${before.version} as before`
    : "callers get 503 as before, for no version was released here";
}

/** Nothing is left to undo, and the version before leaves the router. */
async function closeRelease(stateDir: string): Promise<void> {
  const journal = readJournal(stateDir);
  if (!journal) return;
  clearJournal(stateDir);
  await dropUnused(stateDir, new RouterAdmin(stateDir)).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
}
