import { canonicalJson, sha256 } from "../strict/canonical";
import type { GateConfigurations, PinnedVersion } from "./gate";

/**
 * What an approval approves: this version in this environment under these gates. Lowering a gate afterwards makes it
 * another plan, which nobody has approved yet.
 */
export function planDigest(
  stack: string,
  { name, version, digest }: PinnedVersion,
  gates: GateConfigurations,
): string {
  return sha256(canonicalJson({ stack, pin: { name, version, digest }, gates }));
}
