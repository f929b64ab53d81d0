import { closeSync, openSync, readSync } from "node:fs";

/** Reads what is appended to a file, whole lines at a time. The file may appear later. */
export class Follower {
  #descriptor: number | null = null;
  #rest = Buffer.alloc(0);
  #ended = false;
  readonly #chunk = Buffer.alloc(64 * 1024);
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly file: string,
    private readonly line: (text: string) => void,
  ) {
    this.#timer = setInterval(() => this.#read(), 100);
  }

  /** Reads the rest and stops. Harmless when repeated. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#read();
    if (this.#rest.length > 0) this.line(this.#rest.toString("utf8"));
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #read(): void {
    try {
      this.#descriptor ??= openSync(this.file, "r");
    } catch {
      return;
    }
    for (;;) {
      const length = readSync(this.#descriptor, this.#chunk);
      if (length === 0) return;
      // Split as bytes: a chunk may end inside a character.
      this.#rest = Buffer.concat([this.#rest, this.#chunk.subarray(0, length)]);
      for (let end = this.#rest.indexOf(10); end !== -1; end = this.#rest.indexOf(10)) {
        this.line(this.#rest.subarray(0, end).toString("utf8"));
        this.#rest = this.#rest.subarray(end + 1);
      }
    }
  }
}
