import { samePin } from "../history/rollback";
import { unboundBecause } from "../policies/binding";
import { trustOf } from "../config/signers";
import { readLines } from "../config/signed-lines";
import type { Settings } from "../config/settings";
import type { Candidate } from "../policies/gate";
import { planDigest } from "../policies/plan";
import { verify } from "../trust/verify";

/** An approval that counts now, as far as its signature, pin, evidence, plan and time tell. */
export interface StandingApproval {
  readonly approver: string;
  /** ISO 8601, UTC. */
  readonly expires: string;
  readonly keyId: string;
}

/** The approvals of a pin under its evidence and the gates of now: signed by who may, and not expired. Oldest first. */
export function standingApprovals(
  settings: Settings,
  { pin, evidenceDigest, history }: Pick<Candidate, "pin" | "evidenceDigest" | "history">,
  now: Date,
): StandingApproval[] {
  const { projectDir, stack, gates } = settings;
  const trust = trustOf(settings);
  const plan = planDigest(stack, pin, gates);
  return readLines(projectDir, "approvals", stack, pin).flatMap((line) => {
    const verified = verify(line, "approval", trust);
    if ("problem" in verified) return [];
    const approval = verified.statement.predicate;
    const { approver, expires, model: name, version, digest } = approval;
    const same =
      approval.stack === stack && approval.plan === plan && samePin({ name, version, digest }, pin);
    if (!same || unboundBecause({ stack, evidenceDigest, history }, approval) !== null) return [];
    if (now.getTime() >= Date.parse(expires)) return [];
    return [{ approver, expires, keyId: verified.signer.keyId }];
  });
}
