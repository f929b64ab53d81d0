import { z } from "zod";

/** Where a value stands: keys and list positions from the root. */
export type Path = readonly PropertyKey[];

/** One wrong value: where it stands and what is wrong with it, such as `got 70000, expected a number of at most 65535`. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/**
 * Parses a value strictly and tells every problem in words a user can act on.
 *
 * @returns the parsed value, or all problems in the order of the schema
 */
export function parseInWords<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { data: z.output<S>; problems: null } | { data: null; problems: Problem[] } {
  const plainly = schema.safeParse(value);
  if (plainly.success) return { data: plainly.data, problems: null };
  // Once more for the words: making them would slow down every value that is right.
  const { error } = schema.safeParse(value, {
    error: (issue) => expected(issue as z.core.$ZodIssue),
  });
  const issues = error?.issues ?? plainly.error.issues;
  return { data: null, problems: issues.flatMap((issue) => inWords(schema, value, issue)) };
}

/** `scorer.port`, `train.command[0]`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : `${text}${text && "."}${String(key)}`,
    "",
  );
}

/** Which of the allowed words was probably meant; undefined when none is near. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  const ranked = allowed
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  // Two swapped letters are a distance of 2; in a very short word that would be any word.
  const near = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 2);
  return best && best.distance <= near ? best.candidate : undefined;
}

function inWords(schema: z.ZodType, root: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(schema, issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      text: unknownKey(key, allowed),
    }));
  }
  const value = at(root, issue.path);
  const got = value === undefined ? "missing" : `got ${shown(value)}`;
  return [{ path: issue.path, text: `${got}, ${issue.message}` }];
}

function unknownKey(key: string, allowed: readonly string[]): string {
  const meant = nearest(key, allowed);
  if (meant) return `unknown key, did you mean ${meant}?`;
  const group = key.split(".")[0]!;
  if (group !== key && allowed.includes(group))
    return `unknown key, write it as a key inside ${group}`;
  return `unknown key, allowed are ${[...allowed].sort().join(", ")}`;
}

/** What would have been right. A schema's own message wins over this. */
function expected(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${typeWords[issue.expected] ?? issue.expected}`;
    case "too_big":
      return `expected ${limited(issue.origin, issue.inclusive ? "at most" : "less than", issue.maximum)}`;
    case "too_small":
      return `expected ${limited(issue.origin, issue.inclusive ? "at least" : "more than", issue.minimum)}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `expected ${String(issue.values[0])}`
        : `expected one of ${issue.values.join(", ")}`;
    case "invalid_format":
      return `expected ${formatWords[issue.format] ?? issue.format}`;
    case "invalid_union":
      return `expected ${issue.errors
        .flatMap((errors) => errors.map((error) => error.message.replace(/^expected /, "")))
        .join(" or ")}`;
    case "unrecognized_keys": // told key by key, see `inWords`
    case "custom": // has a message of its own
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
      return undefined;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a group of settings",
  record: "a group of settings",
};

const formatWords: Readonly<Record<string, string>> = {
  url: "an address such as https://registry.example.com",
  datetime: "a time in UTC such as 2026-01-31T12:00:00Z",
};

function limited(origin: string, bound: string, limit: number | bigint): string {
  if (origin === "string")
    return limit === 1 ? "a text that isn't empty" : `a text of ${bound} ${limit} characters`;
  if (origin === "array") return `a list of ${bound} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  return `a number of ${bound} ${limit}`;
}

/** A value in one short line, without the user and password an address may carry. */
function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  const safe = text.replace(/\/\/[^/@\s"]+@/g, "//***@");
  return safe.length > 60 ? `${safe.slice(0, 57)}...` : safe;
}

function at(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    root,
  );
}

/** Keys that the object schema at a path knows. */
function allowedKeys(schema: z.ZodType, path: Path): string[] {
  let here: z.ZodType | undefined = unwrapped(schema);
  for (const key of path) {
    if (here instanceof z.ZodObject) here = unwrapped(here.shape[String(key)]);
    else if (here instanceof z.ZodRecord) here = unwrapped(here.valueType as z.ZodType);
    else return [];
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrapped(schema: z.ZodType | undefined): z.ZodType | undefined {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}

/** Levenshtein distance, with two rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
