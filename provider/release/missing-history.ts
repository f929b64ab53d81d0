import type { Receipt } from "../../history/receipt";
import { receiptsFile } from "../../history/receipts";
import { shortDigest } from "../../policies/finding";
import type { ReleasePlace } from "../../config/settings";
import { siteOf } from "./site-of";

/**
 * Callers are served, and no receipt tells of any release: the history was taken away, and with it what a new version has
 * to be compared with.
 *
 * @param receipts of the stack
 * @returns a sentence that says what to do; null when receipts and traffic agree, or a cluster doesn't answer
 */
export async function missingHistory(
  stack: string,
  place: ReleasePlace,
  receipts: readonly Receipt[],
): Promise<string | null> {
  if (receipts.length > 0) return null;
  const served = await servedBy(place);
  if (!served) return null;
  const file = receiptsFile(place.stateDir);
  return (
    `Callers of ${stack} get version ${served.version} (${shortDigest(served.digest)}), but no receipt in ${file} tells of a release, ` +
    `so a new version has nothing to be compared with: put the file back from a copy, or run \`tollgate destroy --stack ${stack}\` and \`tollgate up --stack ${stack}\` to begin anew.`
  );
}

async function servedBy(place: ReleasePlace) {
  if (!place.cluster) return (await siteOf(place)).served();
  const { ClusterError } = await import("../../cluster/cluster");
  try {
    return await (await siteOf(place)).served();
  } catch (error) {
    // Its registry is silent as well then, which is what a pin is refused for.
    if (error instanceof ClusterError) return null;
    throw error;
  }
}
