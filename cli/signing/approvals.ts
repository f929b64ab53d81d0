import { type EvidenceFile, readDocument } from "../../admission/offline";
import { readLines } from "../../config/signed-lines";
import { trustOf } from "../../config/signers";
import type { Settings } from "../../config/settings";
import type { Receipt } from "../../history/receipt";
import { samePin } from "../../history/rollback";
import { stackHistory } from "../../history/stack-history";
import {
  type ApprovalRules,
  approvalRules,
  type ApprovedCandidate,
  countApprovals,
  type CountedApproval,
  type NoRules,
} from "../../policies/approval-rules";
import type { PinnedVersion } from "../../policies/gate";
import { planDigest } from "../../policies/plan";
import type { CandidateFacts } from "../../registry/candidate";
import type { RegistryStatus } from "../../runtimes/observed";
import { keptEvidence } from "./kept-evidence";
import { registryOf } from "../registry/registry";

/** The rules of the gate approvals, with who may approve by the stack's settings. */
export function rulesIn(
  { gates }: Pick<Settings, "gates">,
  candidate: ApprovedCandidate,
): ApprovalRules | NoRules {
  const { approvers } = (gates["approvals"]?.settings ?? {}) as { approvers?: readonly string[] };
  return approvalRules(candidate, approvers);
}

/**
 * The approvals of a pin that the gate would count now: none where it can't tell who the author is. While the registry is
 * silent, a pin that was released last is judged by the evidence that was kept of it. Never throws for a silent registry.
 *
 * @param registry what the registry was found to say
 * @param receipts of the stack, oldest first
 */
export async function standingApprovals(
  settings: Settings,
  pin: PinnedVersion,
  registry: RegistryStatus,
  receipts: readonly Receipt[],
): Promise<CountedApproval[]> {
  const { projectDir, stack, gates } = settings;
  const lines = readLines(projectDir, "approvals", stack, pin);
  if (lines.length === 0) return [];
  const history = stackHistory(receipts, pin);
  const candidate = {
    stack,
    pin,
    plan: planDigest(stack, pin, gates),
    ...(await evidenceOf(settings, pin, registry, receipts)),
    trust: trustOf(settings),
    history,
    judgedAt: history.releasedAt ?? new Date().toISOString(),
  };
  const rules = rulesIn(settings, candidate);
  return "problem" in rules ? [] : countApprovals(candidate, lines, rules).counted;
}

/** Longest time that `status` waits for what it shows beside the rest, in seconds. */
const patience = 3;

/** What the registry says of a pin; null where it can't be asked. */
async function factsWithin(settings: Settings, pin: PinnedVersion): Promise<CandidateFacts | null> {
  const { fetchCandidateFacts } = await import("../../registry/candidate");
  const seconds = Math.min(settings.trackingServer.timeoutSeconds, patience);
  const client = await registryOf(settings).catch(() => null);
  return client && fetchCandidateFacts(client.within(seconds), pin);
}

type Evidenced = Pick<CandidateFacts, "evidence" | "evidenceDigest" | "provenance">;

async function evidenceOf(
  settings: Settings,
  pin: PinnedVersion,
  registry: RegistryStatus,
  receipts: readonly Receipt[],
): Promise<Evidenced> {
  const asked = registry.problem === null ? await factsWithin(settings, pin) : null;
  // As the gate does, where the registry is silent: what was released is judged on the evidence it was released on.
  if (asked && asked.problem?.code !== "registry-unavailable") return asked;
  const last = receipts.at(-1);
  const kept: EvidenceFile =
    last && samePin(last.pin, pin)
      ? keptEvidence(settings, last)
      : { document: { absent: "the registry is silent" }, signature: null };
  return { ...readDocument(kept), provenance: kept.provenance ?? null };
}
