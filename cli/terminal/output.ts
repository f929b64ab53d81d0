import type { Writable } from "node:stream";
import { table } from "./table";
import { wrapped } from "./wrap";

/** What a verb has to say when it is done. The frame prints exactly one of the two forms. */
export interface Outcome {
  /** The one document of `--json`. */
  document: unknown;
  /** The same for a person, without a trailing newline; empty prints nothing. */
  text: string;
  /** Is the text somebody else's, or for another program? A terminal then breaks its lines, not we. @default false */
  verbatim?: boolean;
  /** @default 0 */
  exitCode?: number;
}

/** Where words go: a terminal of so many columns, or anything else. */
type Stream = Writable & { isTTY?: boolean; columns?: number };

export interface Streams {
  stdout: Stream;
  stderr: Stream;
}

/** Columns of a terminal; Infinity for a pipe, and for a terminal that doesn't know. */
function columnsOf({ isTTY, columns }: Stream): number {
  return isTTY && columns ? columns : Infinity;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof codes;

/** Seconds as people read them: `4.2 s`, `3 min 05 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Where a verb's words go: results to stdout, everything else to stderr. With `--json` stdout carries one JSON
 * document and nothing else.
 */
export class Output {
  readonly #open = new Set<Progress>();
  readonly #noted = new Set<string>();

  constructor(
    private readonly streams: Streams,
    /** `--json` was given. */
    readonly json: boolean,
    /** `--verbose` was given. */
    readonly verbose: boolean,
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {}

  /** May results be coloured? Only on a terminal, and not with NO_COLOR. */
  get colours(): boolean {
    return !this.json && this.#allowed(this.streams.stdout);
  }

  /** Columns that a result may have: those of a terminal, any number elsewhere. */
  get columns(): number {
    return columnsOf(this.streams.stdout);
  }

  /** Is somebody there to be asked, on stderr? */
  get interactive(): boolean {
    return !this.json && this.streams.stderr.isTTY === true;
  }

  /** Colours text for stdout where that is allowed. */
  paint(style: Style, text: string): string {
    return this.colours ? paint(style, text) : text;
  }

  /** Rows as aligned columns that fit the terminal; see `table`. */
  table(
    headings: readonly string[],
    rows: readonly (readonly string[])[],
    paint: Readonly<Record<number, (text: string) => string>> = {},
  ): string {
    return table(headings, rows, paint, this.columns);
  }

  /** One line on stderr, for a person to follow what happens. */
  note(line: string, style?: Style): void {
    for (const progress of this.#open) progress.clear();
    for (const each of line.split("\n")) this.#noted.add(each);
    const text = wrapped(line, columnsOf(this.streams.stderr));
    const coloured = style && this.#allowed(this.streams.stderr) ? paint(style, text) : text;
    this.streams.stderr.write(`${coloured}\n`);
  }

  /** Was just this line noted before? A command says nothing twice. */
  wasNoted(line: string): boolean {
    return this.#noted.has(line);
  }

  /** Bytes of a child process, as they come, on stderr. */
  raw(chunk: string | Buffer): void {
    for (const progress of this.#open) progress.clear();
    this.streams.stderr.write(chunk);
  }

  /**
   * Says on stderr that something is still going on, with the time it has taken: from the second second on, a line
   * that updates itself on a terminal and a line every 15 s elsewhere.
   */
  progress(what: string): Progress {
    const progress = new Progress(
      what,
      (text) => this.streams.stderr.write(text),
      this.streams.stderr,
      () => this.#open.delete(progress),
    );
    this.#open.add(progress);
    return progress;
  }

  /** Prints a verb's result. */
  finish(outcome: Outcome): void {
    for (const progress of this.#open) progress.end();
    if (this.json) this.streams.stdout.write(`${JSON.stringify(outcome.document)}\n`);
    else if (outcome.text)
      this.streams.stdout.write(
        `${outcome.verbatim ? outcome.text : wrapped(outcome.text, this.columns)}\n`,
      );
  }

  /** Prints a failure: a sentence on stderr, or the one JSON document on stdout. */
  fail(error: { code: string; message: string }): void {
    for (const progress of this.#open) progress.end();
    const { code, message } = error;
    if (this.json) this.streams.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    else this.note(message, "red");
  }

  #allowed(stream: { isTTY?: boolean }): boolean {
    return stream.isTTY === true && !this.environment.NO_COLOR;
  }
}

function paint(style: Style, text: string): string {
  return `\u001b[${codes[style]}m${text}\u001b[0m`;
}

/** Something that takes a while. */
export class Progress {
  #startedAt = Date.now();
  readonly #timer: NodeJS.Timeout;
  #what: string;
  #shown = false;
  #lastLineAt = 0;

  constructor(
    what: string,
    private readonly write: (text: string) => void,
    private readonly stream: Stream,
    private readonly ended: () => void,
  ) {
    this.#what = what;
    this.#timer = setInterval(() => this.#tick(), 500);
    this.#timer.unref();
  }

  /** Goes on with something else, whose time is counted anew. */
  update(what: string): void {
    if (what === this.#what) return;
    this.#what = what;
    this.#startedAt = Date.now();
  }

  /** Takes the line off a terminal, so that another line can be written. */
  clear(): void {
    if (this.stream.isTTY && this.#shown) this.write("\r\u001b[K");
    this.#shown = false;
  }

  /** Stops saying anything. Harmless when repeated. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
    this.ended();
  }

  #tick(): void {
    const elapsed = Date.now() - this.#startedAt;
    if (elapsed < 2000) return;
    const line = `${this.#what} ... ${duration(elapsed)}`;
    if (this.stream.isTTY) {
      // What goes on in a second row couldn't be taken back.
      const room = columnsOf(this.stream) - 1;
      const shown = line.length > room ? `${line.slice(0, Math.max(0, room - 1))}…` : line;
      this.write(`\r\u001b[K${shown}`);
      this.#shown = true;
    } else if (Date.now() - this.#lastLineAt >= 15_000) {
      this.write(`${line}\n`);
      this.#lastLineAt = Date.now();
    }
  }
}
