import { type JsonLimits, parseStrictJson, StrictJsonError } from "../strict/strict-json";
import { quoted } from "./errors";
import { type Evidence, evidenceSchema } from "./evidence";

/** The parsed document, or in a few words why it can't be read, naming the field. */
export type ParsedEvidence = { readonly evidence: Evidence } | { readonly unreadable: string };

/** A usual document has 10 kB and 300 values, one with a thousand slices 200 kB and 10,000 values. */
export const evidenceLimits: JsonLimits = { bytes: 4 * 1024 * 1024, depth: 16, values: 200_000 };

/**
 * Reads an evidence document. Strict: a field too many or twice, a NaN, or a string for a number makes it unreadable.
 * Never throws.
 */
export function parseEvidence(bytes: Uint8Array): ParsedEvidence {
  let document: unknown;
  try {
    document = parseStrictJson(bytes, evidenceLimits);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return { unreadable: quoted(error.message, 160) };
  }
  const parsed = evidenceSchema.safeParse(document);
  if (parsed.success) return { evidence: parsed.data };
  const issues = parsed.error.issues;
  const problems = issues.slice(0, 3).map(({ path, message }) => {
    const field = path.length ? quoted(path.map(String).join("."), 80) : "the document";
    return `${field}: ${quoted(message, 80)}, got ${shown(valueAt(document, path))}`;
  });
  const more = issues.length > 3 ? ` and ${issues.length - 3} more` : "";
  return { unreadable: problems.join("; ") + more };
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    document,
  );
}

function shown(value: unknown): string {
  return quoted(JSON.stringify(value) ?? "nothing", 60);
}
