import type { Writable } from "node:stream";

/** What a verb has to say when it is done. The frame prints exactly one of the two forms. */
export interface Outcome {
  /** The one document of `--json`. */
  document: unknown;
  /** The same for a person, without a trailing newline; empty prints nothing. */
  text: string;
  /** @default 0 */
  exitCode?: number;
}

export interface Streams {
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable & { isTTY?: boolean };
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

  /** Colours text for stdout where that is allowed. */
  paint(style: Style, text: string): string {
    return this.colours ? paint(style, text) : text;
  }

  /** One line on stderr, for a person to follow what happens. */
  note(line: string, style?: Style): void {
    for (const progress of this.#open) progress.clear();
    const coloured = style && this.#allowed(this.streams.stderr) ? paint(style, line) : line;
    this.streams.stderr.write(`${coloured}\n`);
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
      this.streams.stderr.isTTY === true,
      () => this.#open.delete(progress),
    );
    this.#open.add(progress);
    return progress;
  }

  /** Prints a verb's result. */
  finish(outcome: Outcome): void {
    for (const progress of this.#open) progress.end();
    if (this.json) this.streams.stdout.write(`${JSON.stringify(outcome.document)}\n`);
    else if (outcome.text) this.streams.stdout.write(`${outcome.text}\n`);
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
    private readonly interactive: boolean,
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
    if (this.interactive && this.#shown) this.write("\r\u001b[K");
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
    if (this.interactive) {
      this.write(`\r\u001b[K${line}`);
      this.#shown = true;
    } else if (Date.now() - this.#lastLineAt >= 15_000) {
      this.write(`${line}\n`);
      this.#lastLineAt = Date.now();
    }
  }
}
