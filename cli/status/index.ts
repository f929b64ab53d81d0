import type { Settings } from "../../config/settings";
import type { Receipt } from "../../history/receipt";
import { samePin } from "../../history/rollback";
import type { Verdict } from "../../policies/gate";
import { operationsOf } from "../../runtimes";
import { driftOf } from "./drift";
import { endedBy } from "./ended";
import { registryStatus } from "./registry";
import type { ReleasedWaiver, Status } from "./status";

export type { Status } from "./status";

/** Looks at a stack from the outside: files, processes or pods, the registry and the scorer. Never throws for what is down. */
export async function statusOf(settings: Settings): Promise<Status> {
  const { standingApprovals } = await import("../signing/approvals");
  const { stack, tier, runtime, pin } = settings;
  const found = await operationsOf(settings).observe(settings, () => registryStatus(settings));
  const chain = await receiptsOf(settings);
  const approvals = pin
    ? await standingApprovals(settings, pin, found.registry, chain.receipts)
    : [];
  const facts = {
    stack,
    tier,
    runtime,
    pin,
    lastReceipt: chain.last,
    serving: found.serving,
    registry: found.registry,
    approvals: approvals.map(({ approval }) => approval.approver),
    waivers: samePin(pin, chain.last?.pin) ? chain.waivers : [],
    processes: found.processes,
    cluster: found.cluster,
    pods: found.pods,
    ended: endedBy(settings.stateDir, found),
  };
  const drift = driftOf(facts, { stage: settings.stage, ...found });
  // One cause may be met in two places.
  return { ...facts, drift: [...new Set(chain.problem ? [chain.problem, ...drift] : drift)] };
}

interface LastRelease {
  receipts: readonly Receipt[];
  last: Status["lastReceipt"];
  waivers: ReleasedWaiver[];
  problem: string | null;
}

/** The last receipt, or why the chain can't be trusted. */
async function receiptsOf({ stateDir }: Settings): Promise<LastRelease> {
  const { AlteredReceiptsError, readReceipts } = await import("../../history/receipts");
  try {
    const { receipts } = readReceipts(stateDir);
    const last = receipts.at(-1);
    if (!last) return { receipts, last: null, waivers: [], problem: null };
    const { pin, at, actor, verdicts } = last;
    const waivers = waiversOf(verdicts, new Date());
    return { receipts, last: { pin, at, actor }, waivers, problem: null };
  } catch (error) {
    if (!(error instanceof AlteredReceiptsError)) throw error;
    return { receipts: [], last: null, waivers: [], problem: error.message };
  }
}

/** The waivers that a release's verdicts name, each gate once. */
export function waiversOf(
  verdicts: readonly Pick<Verdict, "gate" | "waiver">[],
  now: Date,
): ReleasedWaiver[] {
  const byGate = new Map<string, ReleasedWaiver>();
  for (const { gate, waiver } of verdicts) {
    if (!waiver) continue;
    byGate.set(gate, { gate, ...waiver, over: !(now.getTime() < Date.parse(waiver.expires)) });
  }
  return [...byGate.values()];
}
