import type { Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";

/** The pin of the last receipt; null before the first release. */
export async function lastPin({
  stateDir,
}: Pick<Settings, "stateDir">): Promise<PinnedVersion | null> {
  const { readReceipts } = await import("../history/receipts");
  return readReceipts(stateDir).receipts.at(-1)?.pin ?? null;
}
