import { endOfText, parseExactJson, unseenCharacter } from "./json-text";

/** What a document may be at most. */
export interface JsonLimits {
  readonly bytes: number;
  /** Levels of objects and lists inside each other. */
  readonly depth: number;
  /** Fields and list entries altogether. */
  readonly values: number;
}

/** How a document that only programs read may be read. */
export interface JsonReading {
  /** Whole numbers beyond 2^53 come as BigInts of all their digits. @default false: as the nearest number */
  readonly exact?: boolean;
  /** Characters that nobody would see are taken where they are written as escapes. @default false: they are refused */
  readonly escapes?: boolean;
}

/** The bytes aren't a document that everybody reads alike. The message is a clause, such as `it is not UTF-8 text`. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

/**
 * Parses JSON that can mean only one thing. Refused besides broken JSON: a field given twice (parsers take the first or
 * the last), `__proto__`, half a character, control characters and changes of the writing direction (a terminal or a
 * reviewer would see something else), and whatever goes beyond the limits.
 *
 * Python writes NaN and Infinity bare, which is not JSON. They come out as strings: a schema that wants a number refuses
 * them with the field's name, which a position in the text would not tell.
 *
 * @throws StrictJsonError and nothing else; takes time in proportion to the document's length
 */
export function parseStrictJson(
  bytes: Uint8Array,
  limits: JsonLimits,
  { exact = false, escapes = false }: JsonReading = {},
): unknown {
  if (bytes.length > limits.bytes) {
    throw new StrictJsonError(`it is longer than the ${limits.bytes} bytes that are allowed`);
  }
  const text = decoded(bytes);
  if (text.startsWith("\ufeff")) throw new StrictJsonError("it starts with a byte-order mark");
  try {
    const checked = new Scanner(text, limits, escapes).run();
    return exact ? parseExactJson(checked) : JSON.parse(checked);
  } catch (error) {
    if (error instanceof StrictJsonError) throw error;
    throw new StrictJsonError(`it is not JSON (${(error as Error).message})`);
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError("it is not UTF-8 text");
  }
}

const halfCharacter = /\p{Surrogate}/u;
const bareNumber = /-?(?:NaN|Infinity)/y;

/** Walks over a text once, before it is known to be JSON. What it can't make sense of, JSON.parse refuses afterwards. */
class Scanner {
  /** Of each open object its fields so far; null for a list. */
  readonly #open: (Set<string> | null)[] = [];
  #values = 0;
  #expectsField = false;
  #result = "";
  /** How far the text is in the result. */
  #taken = 0;

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
    private readonly escapes: boolean,
  ) {}

  /** The text, with bare numbers that aren't JSON in quotes. */
  run(): string {
    for (let at = 0; at < this.text.length; at++) at = this.#step(at);
    return this.#result + this.text.slice(this.#taken);
  }

  /** @returns position of the last character that was dealt with */
  #step(at: number): number {
    switch (this.text.charAt(at)) {
      case '"':
        return this.#string(at);
      case "{":
      case "[":
        this.#enter(this.text[at] === "{" ? new Set() : null);
        return at;
      case "}":
      case "]":
        this.#open.pop();
        this.#expectsField = false;
        return at;
      case ",":
        this.#count();
        this.#expectsField = this.#open.at(-1) instanceof Set;
        return at;
      case "-":
      case "N":
      case "I":
        return this.#bareNumber(at);
      default:
        return at;
    }
  }

  #enter(fields: Set<string> | null): void {
    this.#count();
    if (this.#open.push(fields) > this.limits.depth) {
      throw new StrictJsonError(
        `it is nested deeper than the ${this.limits.depth} levels that are allowed`,
      );
    }
    this.#expectsField = fields !== null;
  }

  #count(): void {
    if (++this.#values <= this.limits.values) return;
    throw new StrictJsonError(`it has more than the ${this.limits.values} values that are allowed`);
  }

  #string(start: number): number {
    const end = endOfText(this.text, start);
    const written = this.text.slice(start, end + 1);
    const value = textOf(written);
    if (value === null) return end;
    if (halfCharacter.test(value)) {
      throw new StrictJsonError("it has a text with half a character (a lone surrogate)");
    }
    const hidden = unseenCharacter.exec(this.escapes ? written : value)?.[0];
    if (hidden !== undefined) {
      const code = hidden.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      throw new StrictJsonError(`it has a text with the control character U+${code}`);
    }
    if (this.#expectsField) this.#field(value);
    this.#expectsField = false;
    return end;
  }

  #field(name: string): void {
    const fields = this.#open.at(-1)!;
    if (name === "__proto__") throw new StrictJsonError('it has a field "__proto__"');
    if (fields.has(name)) {
      const short = name.length > 60 ? `${name.slice(0, 60)}…` : name;
      throw new StrictJsonError(`it has the field ${JSON.stringify(short)} twice`);
    }
    fields.add(name);
  }

  #bareNumber(at: number): number {
    bareNumber.lastIndex = at;
    const found = bareNumber.exec(this.text)?.[0];
    if (!found) return at;
    this.#result += `${this.text.slice(this.#taken, at)}"${found}"`;
    this.#taken = at + found.length;
    return this.#taken - 1;
  }
}

/** A text without its quotes and escapes; null when it is broken, which the whole document's parser tells better. */
function textOf(token: string): string | null {
  try {
    return JSON.parse(token) as string;
  } catch {
    return null;
  }
}
