import fs from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { SettingsError } from "../project/errors";
import { replaceFile, stackFile } from "../project/stack-files";
import { parseInWords, pathText } from "../strict/problems";
import { stackSchema } from "./resolve";

/** What a pin line says: a version number and the digest of its bytes. */
export interface Pin {
  readonly version: string;
  readonly digest: string;
}

/**
 * Writes the pin of a stack: one line of its file, every other byte stays as it is.
 *
 * @throws SettingsError when the pin isn't one, or the file can't be edited line by line
 */
export function setPin(projectDir: string, stack: string, { version, digest }: Pin): void {
  const pin = `${version}@${digest}`;
  check("pin", pin);
  edit(projectDir, stack, "tollgate:pin", pin, pin);
}

/** Takes the pin out of a stack's file, if there is one. */
export function removePin(projectDir: string, stack: string): void {
  edit(projectDir, stack, "tollgate:pin", undefined, "");
}

/** Writes the digest of the gates that a stack was reviewed under; see `setPin`. */
export function setPack(projectDir: string, stack: string, digest: string): void {
  check("pack", digest);
  edit(projectDir, stack, "tollgate:pack", digest, digest);
}

function check(key: "pin" | "pack", value: unknown): void {
  const { problems } = parseInWords(stackSchema.shape[key], value);
  if (!problems) return;
  const lines = problems.map(({ path, text }) => `tollgate:${pathText([key, ...path])}: ${text}`);
  throw SettingsError.of("What was to be written", lines);
}

function edit(
  projectDir: string,
  stack: string,
  key: string,
  value: unknown,
  rendered: string,
): void {
  const file = stackFile(projectDir, stack);
  const before = fs.readFileSync(file, "utf8");
  const after = edited(before, key, value, rendered);
  if (after === null) {
    const what = value === undefined ? `remove ${key}` : `write ${key}: ${rendered}`;
    throw new SettingsError(
      `${file} can't be edited line by line; ${what} yourself, or put each key of "config" on a line of its own.`,
    );
  }
  if (after !== before) replaceFile(file, after);
}

/**
 * A stack file's text with one key of `config` set, or removed where the value is undefined.
 * Null when that can't be done without touching anything else.
 */
export function edited(text: string, key: string, value: unknown, rendered: string): string | null {
  const document = parseDocument(text);
  const config: unknown = document.get("config", true);
  if (document.errors.length > 0 || !isMap(config) || config.flow) return null;
  const result = splice(text, config, key, value === undefined ? null : rendered);
  return says(result, wanted(document.toJS() as Content, key, value)) ? result : null;
}

type Content = { config: Record<string, unknown> };

function wanted(content: Content, key: string, value: unknown): Content {
  const config = { ...content.config };
  if (value === undefined) delete config[key];
  else config[key] = value;
  return { ...content, config };
}

/** The proof of an edit: what the new text says is what was wanted, and nothing else has changed. */
function says(text: string, content: Content): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), content);
}

function splice(text: string, config: YAMLMap, key: string, rendered: string | null): string {
  const pair = find(config, key);
  const put = (start: number, end: number, by: string) =>
    text.slice(0, start) + by + text.slice(end);
  if (!pair) return rendered === null ? text : inserted(text, config, `${key}: ${rendered}`);
  const { start, end } = linesOf(text, pair);
  if (rendered === null) return put(start, end, "");
  if (isScalar(pair.value) && pair.value.range && isOneLine(pair.value.type)) {
    const [from, to] = pair.value.range;
    const quote = { QUOTE_DOUBLE: '"', QUOTE_SINGLE: "'" }[String(pair.value.type)] ?? "";
    if (from < to) return put(from, to, quote + rendered + quote);
    // No value yet: it goes right behind the colon, in front of any comment.
    const colon = text.indexOf(":", keyEnd(pair)) + 1;
    return put(colon, colon, ` ${rendered}`);
  }
  const indent = text.slice(start, keyStart(pair));
  return put(start, end, `${indent}${key}: ${rendered}${endOfLine(text)}`);
}

/** A new line goes behind the pin, else behind the model, else behind the last key. */
function inserted(text: string, config: YAMLMap, line: string): string {
  const before =
    find(config, "tollgate:pin") ??
    find(config, "tollgate:model") ??
    (config.items.at(-1) as Pair | undefined);
  if (!before) return text;
  const { start, end } = linesOf(text, before);
  const indent = text.slice(start, keyStart(before));
  const newline = endOfLine(text);
  const broken = text[end - 1] === "\n" ? "" : newline;
  return `${text.slice(0, end)}${broken}${indent}${line}${newline}${text.slice(end)}`;
}

function find(config: YAMLMap, key: string): Pair | undefined {
  return config.items.find((item) => isScalar(item.key) && item.key.value === key);
}

/** The lines a key and its value take, without comments that follow on lines of their own. */
function linesOf(text: string, pair: Pair): { start: number; end: number } {
  const start = text.lastIndexOf("\n", keyStart(pair) - 1) + 1;
  const value = pair.value as { range?: [number, number, number] | null } | null;
  const valueEnd = value?.range?.[1] ?? keyStart(pair);
  if (text[valueEnd - 1] === "\n") return { start, end: valueEnd };
  const next = text.indexOf("\n", valueEnd);
  return { start, end: next === -1 ? text.length : next + 1 };
}

function keyStart(pair: Pair): number {
  return (pair.key as { range: [number, number, number] }).range[0];
}

function keyEnd(pair: Pair): number {
  return (pair.key as { range: [number, number, number] }).range[1];
}

function isOneLine(type: string | undefined): boolean {
  return type === "PLAIN" || type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
}

function endOfLine(text: string): string {
  return /\r\n/.test(text) ? "\r\n" : "\n";
}
