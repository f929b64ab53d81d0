import { shortDigest } from "../policies/finding";
import type { PinnedVersion } from "../policies/gate";

/** A pin as sentences name it: `churn-model version 2 (sha256:0123456789ab)`. */
export function nameOfPin({ name, version, digest }: PinnedVersion): string {
  return `${name} version ${version} (${shortDigest(digest)})`;
}
