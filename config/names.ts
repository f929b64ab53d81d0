import { createHash } from "node:crypto";

/** Longest label of Kubernetes. */
const longest = 63;

/**
 * A name as a label of RFC 1123, such as a namespace's: lower-case letters, digits and `-`. Where that takes more out of it
 * than a `_` or a `.`, six digits of its hash tell it from others that come to the same, such as `my model` from `my-model`.
 */
export function asLabel(name: string): string {
  return shortened(name.toLowerCase().replace(/[^a-z0-9]+/g, "-"), name);
}

/** A name as the value of a label: at most 63 letters, digits and `-_.`, with a letter or digit at both ends. */
export function labelValue(name: string): string {
  return shortened(name.replace(/[^A-Za-z0-9_.-]+/g, "-"), name);
}

function shortened(allowed: string, name: string): string {
  const plain = /^[A-Za-z0-9_.-]*$/.test(name);
  const hash = plain ? "" : `-${createHash("sha256").update(name).digest("hex").slice(0, 6)}`;
  const kept = allowed.slice(0, longest - hash.length) + hash;
  return kept.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
