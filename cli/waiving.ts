import type { Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import type { WaiverPredicate } from "../trust/types";
import { type Identity, sign } from "./signing";

/** What a waiver is given for. */
export interface WaiverRequest {
  readonly gate: string;
  readonly pin: PinnedVersion;
  readonly reason: string;
  /** How long it counts. */
  readonly milliseconds: number;
}

/** Signs a waiver and records it as a line of `waivers/<stack>.jsonl`. */
export async function addWaiver(
  settings: Settings,
  identity: Identity,
  { gate, pin, reason, milliseconds }: WaiverRequest,
): Promise<WaiverPredicate> {
  const { addLine } = await import("../config/signed-lines");
  const { projectDir, stack } = settings;
  const now = Date.now();
  const waiver: WaiverPredicate = {
    gate,
    stack,
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    reason,
    owner: identity.name,
    at: new Date(now).toISOString(),
    expires: new Date(now + milliseconds).toISOString(),
  };
  addLine(projectDir, "waivers", stack, await sign(settings, identity, "waiver", waiver));
  return waiver;
}
