import { randomUUID } from "node:crypto";

/**
 * What a terminal or a reviewer wouldn't see: control characters, tab and line breaks aside, and what reorders the text
 * around it (Unicode's bidirectional controls).
 */
const unseen =
  "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069";
export const unseenCharacter = new RegExp(`[${unseen}]`);
const unseenCharacters = new RegExp(unseenCharacter, "g");

/** Is there none of what this finds, then no whole number is beyond 2^53, which has 16 digits. */
const mayBeLong = /(?:^|[\s,:[])-?\d{16}/;
/** A number as JSON writes it. */
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Where a text that begins with the quote at `start` ends: at its other quote; the length where there is none. */
export function endOfText(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === '"') return at;
    if (json[at] === "\\") at++;
  }
  return json.length;
}

/**
 * JSON.parse, but a whole number that a number can't hold exactly (beyond 2^53) comes as a BigInt of all its digits.
 * Newer versions of Node tell a reviver the digits; the oldest that is supported doesn't.
 *
 * @throws SyntaxError
 */
export function parseExactJson(json: string): unknown {
  const rounded: unknown = JSON.parse(json);
  if (!mayBeLong.test(json)) return rounded;
  // Nobody can write a text that begins like it.
  const mark = randomUUID();
  const marked = withMarkedNumbers(json, mark);
  if (marked === json) return rounded;
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

function withMarkedNumbers(json: string, mark: string): string {
  let result = "";
  let taken = 0;
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '"') at = endOfText(json, at);
    number.lastIndex = at;
    const found = number.exec(json)?.[0];
    if (!found) continue;
    if (/^-?\d+$/.test(found) && !Number.isSafeInteger(Number(found))) {
      result += `${json.slice(taken, at)}"${mark}${found}"`;
      taken = at + found.length;
    }
    at += found.length - 1;
  }
  return result + json.slice(taken);
}

/** What `parseExactJson` read as JSON again, for people: what they wouldn't see is written as escapes. */
export function exactJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(exactJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(
      ([name, each]) => `${exactJson(name)}:${exactJson(each)}`,
    );
    return `{${fields.join(",")}}`;
  }
  return (JSON.stringify(value) ?? "null").replace(
    unseenCharacters,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The value of a field as it is written in a JSON object, which is known to be one; null when it lacks the field. */
export function fieldText(json: string, field: string): string | null {
  let found: string | null = null;
  for (const part of partsOf(json)) {
    const end = endOfText(part, 0);
    if (JSON.parse(part.slice(0, end + 1)) !== field) continue;
    // Of a field that is there twice the last counts, as for JSON.parse.
    found = part.slice(part.indexOf(":", end + 1) + 1).trim();
  }
  return found;
}

/** The items as they are written in a JSON list, which is known to be one. */
export function itemTexts(json: string): string[] {
  return [...partsOf(json)];
}

/** What stands between the outermost brackets' commas. */
function* partsOf(json: string): Generator<string> {
  let depth = 0;
  let from = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charAt(at)) {
      case '"':
        at = endOfText(json, at);
        break;
      case "[":
      case "{":
        if (++depth === 1) from = at + 1;
        break;
      case ",":
        if (depth > 1) break;
        yield json.slice(from, at).trim();
        from = at + 1;
        break;
      case "]":
      case "}": {
        if (--depth > 0) break;
        const last = json.slice(from, at).trim();
        if (last !== "") yield last;
      }
    }
  }
}
