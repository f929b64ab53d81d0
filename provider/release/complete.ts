import { isDeepStrictEqual } from "node:util";
import type { Receipt, ReceiptFacts } from "../../history/receipt";
import { appendReceipt, readReceipts } from "../../history/receipts";
import { samePin } from "../../history/rollback";
import { keepEvidence } from "../../history/evidence";
import { readSource } from "../../project/source";
import { stackHistory } from "../../history/stack-history";
import { reviewRecord } from "../../history/review";
import { version as packVersion } from "../../package.json";
import { reasonOf } from "../failures";
import type { ReceiptInputs } from "../inputs";
import { siteOf } from "./site-of";
import { undoRelease } from "./undo";

/** Does a receipt say exactly this release? Appended once, also when the command was killed right after it. */
export function isRecorded(last: Receipt | undefined, { pin, admission }: ReceiptInputs): boolean {
  return (
    last !== undefined &&
    samePin(last.pin, pin) &&
    isDeepStrictEqual(last.waivers, admission.waivers) &&
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
    const outcome = await undoRelease(inputs);
    throw new Error(
      `the receipt of version ${inputs.pin.version} could not be written: ${reasonOf(error)}` +
        (outcome ? `; the release was undone, ${outcome}` : ""),
    );
  }
  await (await siteOf(inputs)).close();
}

async function append(inputs: ReceiptInputs): Promise<void> {
  const { stateDir, cluster, projectDir, stack, pin } = inputs;
  const { judge } = await import("../../policies/judge");
  const { lineageRecord } = await import("../../history/lineage");
  const { candidateOf } = await import("../../policies/admission");
  const { withReview } = await import("../../admission/review-admission");
  const { readAdmission } = await import("../../policies/admission-inputs");
  const admission = readAdmission(inputs.admission);
  const now = new Date().toISOString();
  const { receipts } = readReceipts(stateDir);
  // As the pin was admitted: what a program says of the past and of the time counts for nothing.
  const history = stackHistory(receipts, pin);
  const compared = await withReview(null, admission, receipts);
  const candidate = candidateOf({ ...compared, history, judgedAt: history.releasedAt ?? now });
  const { evidenceDigest, plan, approvals, waivers, pack, lowered, review } = candidate;
  const lineage = lineageRecord(candidate);
  keepEvidence(stateDir, {
    ...admission,
    provenance: lineage?.proven ? candidate.provenance : null,
  });
  const facts: ReceiptFacts = {
    at: now,
    stack,
    pin,
    evidenceDigest,
    lineage,
    verdicts: judge(candidate, admission.gates),
    packVersion,
    packDigest: pack.digest,
    plan,
    lowered: [...lowered],
    ...(review ? { settings: reviewRecord(review) } : {}),
    ...(await readSource(projectDir)),
    approvals: [...approvals],
    waivers: [...waivers],
  };
  if (!cluster) {
    await appendReceipt(stateDir, facts);
    return;
  }
  const [{ connectCluster }, { publishReceipt }] = await Promise.all([
    import("../../cluster/connect"),
    import("../../history/cluster-receipts"),
  ]);
  const connected = await connectCluster(cluster);
  await appendReceipt(stateDir, facts, (line, receipt) =>
    publishReceipt(connected, stateDir, line, receipt),
  );
}
