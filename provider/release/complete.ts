import { isDeepStrictEqual } from "node:util";
import { canonicalJson, sha256 } from "../../history/canonical";
import type { Receipt } from "../../history/receipt";
import { appendReceipt, readReceipts } from "../../history/receipts";
import { samePin } from "../../history/rollback";
import { readSource } from "../../history/source";
import { version as packVersion } from "../../package.json";
import { RouterAdmin } from "../envoy/admin";
import type { ReceiptInputs } from "../inputs";
import { clearJournal, readJournal } from "./journal";
import { dropUnused } from "./move";
import { undoRelease } from "./undo";

/** Does a receipt say exactly this release? Appended once, also when the command was killed right after it. */
export function isRecorded(last: Receipt | undefined, { pin, admission }: ReceiptInputs): boolean {
  return (
    last !== undefined &&
    samePin(last.pin, pin) &&
    isDeepStrictEqual(last.override, admission.override) &&
    isDeepStrictEqual(last.approvals, admission.approvals)
  );
}

/** Appends the receipt and closes the release. When it can't be written, the whole release is undone. */
export async function completeRelease(inputs: ReceiptInputs): Promise<void> {
  const { stateDir } = inputs;
  try {
    const { receipts } = readReceipts(stateDir);
    if (!isRecorded(receipts.at(-1), inputs)) await append(inputs);
  } catch (error) {
    const outcome = await undoRelease(stateDir);
    throw new Error(
      `the receipt of version ${inputs.pin.version} could not be written: ${(error as Error).message}` +
        (outcome ? `; the release was undone, ${outcome}` : ""),
    );
  }
  await closeRelease(stateDir);
}

async function append({ stateDir, projectDir, stack, pin, admission }: ReceiptInputs) {
  const { judge } = await import("../../policies/judge");
  const { gates, evidence, approvals, override } = admission;
  await appendReceipt(stateDir, {
    at: new Date().toISOString(),
    stack,
    pin,
    evidenceDigest: evidence === null ? null : sha256(canonicalJson(evidence)),
    verdicts: judge(admission, gates),
    packVersion,
    ...(await readSource(projectDir)),
    approvals,
    override,
  });
}

/** The release is over: nothing is left to undo, and the version before leaves the router. */
export async function closeRelease(stateDir: string): Promise<void> {
  const journal = readJournal(stateDir);
  if (!journal) return;
  clearJournal(stateDir);
  await dropUnused(stateDir, new RouterAdmin(journal.adminUrl)).catch(() => {
    // Clusters that are left over do no harm, and the next release drops them.
  });
}
