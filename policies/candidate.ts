import { readApprovals } from "../config/approvals";
import { registryClient } from "../config/registry";
import type { Settings } from "../config/settings";
import { fetchCandidateFacts } from "../registry/candidate";
import type { Candidate } from "./gate";

/**
 * What the gates judge for a stack: its pin, the registry's facts about it, and the approvals and override in the
 * project folder. Null without a pin. A registry that doesn't answer is a fact too (`problem`), never an exception.
 */
export async function fetchCandidate(settings: Settings): Promise<Candidate | null> {
  if (!settings.pin) return null;
  const facts = await fetchCandidateFacts(registryClient(settings), settings.pin);
  const { version, digest } = settings.pin;
  return {
    stack: settings.stack,
    pin: settings.pin,
    ...facts,
    // Those of other pins would travel into state and receipts, where they say nothing.
    approvals: readApprovals(settings.projectDir, settings.stack).filter(
      (approval) => approval.version === version && approval.digest === digest,
    ),
    override: settings.override,
  };
}
