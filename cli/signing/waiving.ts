import type { Settings } from "../../config/settings";
import type { PinnedVersion, Verdict } from "../../policies/gate";
import type { WaiverPredicate } from "../../trust/types";
import { CliError } from "../errors";
import { type Judgement } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import { type Identity, sign } from "./signing";

/** What a waiver is given for. */
export interface WaiverRequest {
  readonly gate: string;
  readonly pin: PinnedVersion;
  /** The evidence that the refusals were given on. */
  readonly evidence: string;
  /** What the gate said: its refusals are what is waived. */
  readonly verdicts: readonly Verdict[];
  readonly reason: string;
  /** How long it counts. */
  readonly milliseconds: number;
}

/** Signs a waiver and records it as a line of `waivers/<stack>.jsonl`. */
export async function addWaiver(
  settings: Settings,
  identity: Identity,
  { gate, pin, evidence, verdicts, reason, milliseconds }: WaiverRequest,
): Promise<WaiverPredicate> {
  const { addLine } = await import("../../config/signed-lines");
  const { refusalsOf } = await import("../../policies/waived");
  const { projectDir, stack } = settings;
  const now = Date.now();
  const waiver: WaiverPredicate = {
    gate,
    stack,
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    evidence,
    refusals: refusalsOf(verdicts.filter((verdict) => verdict.gate === gate)),
    reason,
    owner: identity.name,
    at: new Date(now).toISOString(),
    expires: new Date(now + milliseconds).toISOString(),
  };
  addLine(projectDir, "waivers", stack, await sign(settings, identity, "waiver", waiver));
  return waiver;
}

/** What a waiver is bound to, in words: its evidence, and the values that it covers. */
export async function boundText({ evidence, refusals = [] }: WaiverPredicate): Promise<string> {
  const { refusalText } = await import("../../policies/waived");
  const values = refusals.map(refusalText).join("; ");
  return `Bound to the evidence ${evidence}${values ? ` and, or better, to ${values}` : ""}.`;
}

/**
 * The evidence that a signature is to name.
 *
 * @throws CliError when there is none
 */
export function evidenceToSign({ candidate }: Pick<Judgement, "candidate">): string {
  const { pin, evidenceDigest, problem } = candidate;
  if (evidenceDigest !== null) return evidenceDigest;
  throw new CliError(
    problem?.code ?? "no-evidence",
    `${nameOfPin(pin)} has no evidence that could be signed for: ${problem?.reason ?? "evaluate it."}`,
  );
}
