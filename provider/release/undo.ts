import { RouterAdmin } from "../envoy/admin";
import { writeClusters, writeRoutes } from "../envoy/files";
import { routeFacts } from "../envoy/routes";
import { clearJournal, type PreviousMark, readJournal, type ReleaseJournal } from "./journal";
import { dropUnused, moveTraffic } from "./move";
import { aliasVersion, openRegistry } from "./registry";

/**
 * Undoes the release in the journal: traffic, alias and legacy stage are put back to what they were before it.
 * What can't be put back keeps the journal, so that the next `up` sees a release that is not over.
 *
 * @returns a clause on what callers get now, to end a sentence with; null when no release is under way
 */
export async function undoRelease(stateDir: string): Promise<string | null> {
  const journal = readJournal(stateDir);
  if (!journal) return null;
  const problems: string[] = [];
  if (journal.mark) {
    await restoreMark(journal.mark).catch((error: Error) => {
      problems.push(`alias "${journal.mark?.alias}" could not be put back: ${error.message}`);
    });
  }
  await restoreTraffic(stateDir, journal).catch((error: Error) => {
    problems.push(`the router has its old route on disk but did not confirm it: ${error.message}`);
  });
  if (problems.length === 0) clearJournal(stateDir);
  return [served(journal), ...problems].join("; ");
}

/** What callers get by the route before the release. */
function served({ previous }: ReleaseJournal): string {
  const before = routeFacts(previous.routes);
  return before
    ? `callers get version ${before.version} as before`
    : "callers get 503 as before, for no version was released here";
}

/** Also without a router that answers: it starts from these files. */
async function restoreTraffic(stateDir: string, { adminUrl, previous }: ReleaseJournal) {
  const admin = new RouterAdmin(adminUrl);
  try {
    await moveTraffic(stateDir, admin, previous);
  } catch (error) {
    writeClusters(stateDir, previous.clusters);
    writeRoutes(stateDir, previous.routes);
    throw error;
  }
  await dropUnused(stateDir, admin).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
}

async function restoreMark(mark: PreviousMark): Promise<void> {
  const registry = await openRegistry(mark.registry);
  const { model, alias } = mark;
  const now = await aliasVersion(registry, model, alias);
  if (mark.aliasVersion === null) {
    await registry.deleteRegisteredModelAlias(model, alias);
  } else if (now !== mark.aliasVersion) {
    await registry.setRegisteredModelAlias(model, alias, mark.aliasVersion);
  }
  for (const [version, stage] of Object.entries(mark.stages)) {
    const { currentStage } = await registry.getModelVersion(model, version);
    if (currentStage !== stage) {
      await registry.transitionModelVersionStage(model, version, stage, false);
    }
  }
}
