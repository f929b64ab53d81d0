import { reasonOf } from "../failures";
import type { PreviousMark } from "./journal";
import { aliasVersion, openRegistry } from "./registry";
import type { ReleasePlace } from "../../config/settings";
import { siteOf } from "./site-of";

/**
 * Undoes the release in the journal: traffic, alias and legacy stage are put back to what they were before it.
 * What can't be put back keeps the journal, so that the next `up` sees a release that is not over.
 *
 * @returns a clause on what callers get now, to end a sentence with; null when no release is under way
 */
export async function undoRelease(place: ReleasePlace): Promise<string | null> {
  const site = await siteOf(place);
  const journal = await site.journal();
  if (!journal) return null;
  const problems: string[] = [];
  if (journal.mark) {
    await restoreMark(journal.mark).catch((error: Error) => {
      problems.push(`alias "${journal.mark?.alias}" could not be put back: ${reasonOf(error)}`);
    });
  }
  const { served, problem } = await site.restoreTraffic();
  if (problem) problems.push(problem);
  if (problems.length === 0) await site.clear();
  return [served, ...problems].join("; ");
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
