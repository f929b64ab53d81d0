import { RouterAdmin } from "../envoy/admin";
import { writeClusters, writeRoutes } from "../envoy/files";
import { routeFacts } from "../envoy/routes";
import { clearJournal, readJournal, recordMark, type ReleaseJournal } from "./journal";
import { dropUnused, moveTraffic } from "./move";
import type { ReleaseSite, Restored } from "./site";

/** The router of this machine, whose files are below the state folder. */
export function localSite(stateDir: string): ReleaseSite {
  return {
    journal: () => Promise.resolve(readJournal(stateDir)),
    recordMark: (mark) => Promise.resolve(recordMark(stateDir, mark)),
    restoreTraffic: () => restoreTraffic(stateDir),
    clear: () => Promise.resolve(clearJournal(stateDir)),
    close: () => closeRelease(stateDir),
  };
}

/** Also without a router that answers: it starts from these files. */
async function restoreTraffic(stateDir: string): Promise<Restored> {
  const { adminUrl, previous } = readJournal(stateDir)!;
  const served = servedBy(previous);
  const admin = new RouterAdmin(adminUrl);
  try {
    await moveTraffic(stateDir, admin, previous);
  } catch (error) {
    writeClusters(stateDir, previous.clusters);
    writeRoutes(stateDir, previous.routes);
    const problem = `the router has its old route on disk but did not confirm it: ${(error as Error).message}`;
    return { served, problem };
  }
  await dropUnused(stateDir, admin).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
  return { served, problem: null };
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
  await dropUnused(stateDir, new RouterAdmin(journal.adminUrl)).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
}
