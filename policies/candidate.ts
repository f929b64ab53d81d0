import { createReadStream, existsSync } from "node:fs";
import path from "node:path";
import { registryClient } from "../config/registry";
import type { Settings } from "../config/settings";
import { readLines } from "../config/signed-lines";
import { stackNames } from "../config/stack-files";
import { trustOf } from "../config/signers";
import { authorOfChange } from "../history/source";
import { readReceipts } from "../history/receipts";
import { servicesOf, stackHistory } from "../history/stack-history";
import { type CandidateFacts, fetchCandidateFacts } from "../registry/candidate";
import { sha256Of } from "../registry/digest";
import type { Candidate, LoweredGate, PinnedVersion, Service } from "./gate";
import { packDigest } from "./pack-digest";
import { planDigest } from "./plan";

/** A candidate with the evidence document as stored, which is what the pin carries. */
export interface FetchedCandidate extends Candidate {
  readonly document: string | null;
}

/**
 * What the gates judge for a stack: its pin, the registry's facts about it, and what lies in the project folder. Null
 * without a pin. A registry that doesn't answer is a fact too (`problem`), never an exception.
 *
 * @throws SettingsError, AlteredReceiptsError when a file of the project folder can't be trusted
 */
export async function fetchCandidate(settings: Settings): Promise<FetchedCandidate | null> {
  const { pin } = settings;
  if (!pin) return null;
  await Promise.all([receiptsAtHand(settings), receiptsOfSoakAtHand(settings)]);
  const [facts, evaluationDigest, lowered] = await Promise.all([
    fetchCandidateFacts(registryClient(settings), pin),
    evaluationDigestOf(settings),
    loweredGates(settings),
  ]);
  return candidateFrom(settings, pin, { ...facts, evaluationDigest, lowered });
}

/** A cluster that doesn't answer is told of by its registry, which is asked next. */
async function receiptsAtHand({ kubernetes, stateDir }: Settings): Promise<void> {
  if (!kubernetes) return;
  const [{ ClusterError }, { syncReceipts }] = await Promise.all([
    import("../cluster/cluster"),
    import("../history/cluster-receipts"),
  ]);
  try {
    await syncReceipts(kubernetes.cluster, stateDir);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
  }
}

/** The chain of the stack that the soak gate names: whoever judges here may never have released there. */
async function receiptsOfSoakAtHand({ gates, projectDir }: Settings): Promise<void> {
  const stack = soakStack({ gates });
  if (stack === null || !stackNames(projectDir).includes(stack)) return;
  const { loadFromFile } = await import("../config/load");
  await receiptsAtHand(await loadFromFile(projectDir, stack));
}

/** Facts about a version, joined with what lies in the stack's project folder. */
export function candidateFrom(
  settings: Settings,
  pin: PinnedVersion,
  facts: CandidateFacts & Pick<Candidate, "evaluationDigest" | "lowered">,
): FetchedCandidate {
  const { stack, projectDir, stateDir, gates } = settings;
  const history = stackHistory(readReceipts(stateDir).receipts, pin);
  return {
    stack,
    pin,
    ...facts,
    approvals: readLines(projectDir, "approvals", stack, pin),
    waivers: readLines(projectDir, "waivers", stack, pin),
    trust: trustOf(settings),
    plan: planDigest(stack, pin, gates),
    history,
    soaked: soakedIn(settings),
    pack: { digest: packDigest(), pinned: settings.pack },
    judgedAt: history.releasedAt ?? new Date().toISOString(),
  };
}

/** Digest of a stack's evaluation data: the one its settings pin, else that of the file at hand, else null. */
export async function evaluationDigestOf({
  evaluation,
  projectDir,
}: Pick<Settings, "evaluation" | "projectDir">): Promise<string | null> {
  if (!evaluation) return null;
  if (evaluation.digest) return evaluation.digest;
  const file = path.resolve(projectDir, evaluation.data);
  if (!existsSync(file)) return null;
  return `sha256:${await sha256Of(createReadStream(file))}`;
}

/** Gates that the stack's file puts below its tier's level, with who committed that. */
export function loweredGates({
  projectDir,
  stack,
  gates,
}: Pick<Settings, "projectDir" | "stack" | "gates">): Promise<LoweredGate[]> {
  const lowered = Object.entries(gates).flatMap(([gate, { level, lowered: from }]) =>
    from ? [{ gate, level, from }] : [],
  );
  return Promise.all(
    lowered.map(async (each) => ({
      ...each,
      by: await authorOfChange(projectDir, `Pulumi.${stack}.yaml`, `${each.gate}|level:`),
    })),
  );
}

/**
 * What the stack that the soak gate names has served; null when that gate is off or the stack has no receipts here.
 *
 * @param until leaves out what was released later, ISO 8601, UTC. @default nothing
 */
export function soakedIn(
  { gates, stateDir }: Pick<Settings, "gates" | "stateDir">,
  until?: string,
): Service[] | null {
  const stack = soakStack({ gates });
  if (stack === null) return null;
  const chain = readReceipts(path.join(path.dirname(stateDir), stack)).receipts;
  const receipts = chain.filter(({ at }) => until === undefined || at <= until);
  return receipts.length > 0 ? servicesOf(receipts) : null;
}

/** The stack that the soak gate names; null when that gate is off. */
function soakStack({ gates }: Pick<Settings, "gates">): string | null {
  const soak = gates["soak"];
  if (!soak || soak.level === "disabled") return null;
  return (soak.settings as { stack: string }).stack;
}
