import { quoted } from "./errors";
import { type Evidence, evidenceSchema } from "./evidence";

/** The parsed document, or in a few words why it can't be read, naming the field. */
export type ParsedEvidence = { readonly evidence: Evidence } | { readonly unreadable: string };

/** Reads an evidence document. Strict: a field too many, a NaN or a string for a number makes it unreadable. */
export function parseEvidence(bytes: Buffer): ParsedEvidence {
  let document: unknown;
  try {
    document = JSON.parse(namedNumbers(bytes.toString("utf8")));
  } catch (error) {
    return { unreadable: `it is not JSON (${quoted((error as Error).message, 80)})` };
  }
  const parsed = evidenceSchema.safeParse(document);
  if (parsed.success) {
    return { evidence: parsed.data };
  }
  const problems = parsed.error.issues.map(({ path, message }) => {
    const field = path.length ? path.join(".") : "the document";
    return `${field}: ${quoted(message, 80)}, got ${shown(valueAt(document, path))}`;
  });
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : "";
  return { unreadable: problems.slice(0, 3).join("; ") + more };
}

/**
 * Python writes NaN and Infinity bare, which is not JSON. As strings they still fail the schema, but then the error
 * names the field instead of a position in the text.
 */
function namedNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
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
