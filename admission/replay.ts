import type { Settings } from "../config/settings";
import type { Receipt } from "../history/receipt";
import { stackHistory } from "../history/stack-history";
import { trustOf } from "../config/signers";
import { soakedIn } from "./candidate";
import type { Candidate, GateConfigurations, Verdict } from "../policies/gate";
import { gates as allGates } from "../policies/gates";
import { blocks, judge, withoutEchoes } from "../policies/judge";
import { type EvidenceFile, readDocument } from "./offline";
import { packDigest } from "../pack/digest";

/** A past deployment under the gates and settings of today. */
export interface ReplayedDeployment {
  readonly receipt: Receipt;
  readonly verdicts: readonly Verdict[];
  /** Names of the gates that would stop it now, in the order of the list; none when it would pass. */
  readonly refusedBy: readonly string[];
}

/**
 * Judges every past deployment by today's gates, settings and signers, on the facts of its own time: the evidence,
 * approvals and waivers it was released with, what was deployed before it, and the time of its receipt. The evaluation
 * data counts only where the settings pin its digest, because the file at hand may be newer than the deployment.
 *
 * @param receipts the whole chain, oldest first
 * @param evidenceOf the evidence that was kept with a receipt
 */
export function replay(
  settings: Settings,
  receipts: readonly Receipt[],
  evidenceOf: (receipt: Receipt) => EvidenceFile,
): ReplayedDeployment[] {
  const gates = withoutGatesOfToday(settings.gates);
  const today = { settings, trust: trustOf(settings), packDigest: packDigest() };
  return receipts.map((receipt, index) => {
    const candidate = candidateThen(today, receipt, receipts.slice(0, index), evidenceOf(receipt));
    const verdicts = judge(candidate, gates);
    const refusedBy = new Set(
      withoutEchoes(verdicts)
        .filter(blocks)
        .map(({ gate }) => gate),
    );
    return { receipt, verdicts, refusedBy: [...refusedBy] };
  });
}

interface Today {
  readonly settings: Settings;
  readonly trust: Candidate["trust"];
  readonly packDigest: string;
}

function candidateThen(
  { settings, trust, packDigest: digest }: Today,
  receipt: Receipt,
  before: readonly Receipt[],
  file: EvidenceFile,
): Candidate {
  const { pin, at, approvals, waivers, plan } = receipt;
  const found = readDocument(file);
  const history = stackHistory(before, pin);
  return {
    stack: settings.stack,
    pin,
    ...found,
    evidenceSignature: file.signature,
    provenance: file.provenance ?? null,
    registryDigest: null,
    offline: true,
    replayed: true,
    evaluationDigest: settings.evaluation?.digest ?? found.evidence?.data.digest ?? null,
    // What was measured then may be measured otherwise today.
    terms: null,
    approvals,
    waivers,
    trust,
    // What was approved is the plan of then; its gates have changed since, or there would be nothing to replay.
    plan,
    history,
    soaked: soakedIn(settings, at),
    pack: { digest, pinned: null },
    lowered: [],
    review: null,
    judgedAt: history.releasedAt ?? at,
  };
}

function withoutGatesOfToday(gates: GateConfigurations): GateConfigurations {
  const today = new Set(allGates.filter(({ notReplayed }) => notReplayed).map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(gates).map(([name, configuration]) => [
      name,
      today.has(name) ? ({ ...configuration, level: "disabled" } as const) : configuration,
    ]),
  );
}
