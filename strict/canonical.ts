import crypto from "node:crypto";

/** JSON with sorted keys and no white space: equal values give equal text. Fields that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** `sha256:` and 64 hex digits. */
export function sha256(content: string | Uint8Array): string {
  return `sha256:${crypto.createHash("sha256").update(content).digest("hex")}`;
}
