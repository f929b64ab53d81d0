import { Agent, request } from "undici";

/** Pause between two questions, in milliseconds: the most that a time may be off. */
const pauseMs = 20;

/** Asks which version callers get, again and again, as a caller with a new connection each time. */
export class TrafficWatch {
  #agent = new Agent({ pipelining: 0 });
  #stopped = false;
  #lastOther = performance.now();
  #failed = 0;
  readonly #asking: Promise<void>;

  /**
   * @param url of the scorer's Service
   * @param version what callers are to get
   */
  constructor(url: string, version: string) {
    this.#asking = this.#ask(url, version);
  }

  /** Stops, and tells when (as `performance.now()` counts) callers last got another version, and how many got none. */
  async stop(): Promise<{ allSince: number; failed: number }> {
    this.#stopped = true;
    await this.#asking;
    await this.#agent.close();
    return { allSince: this.#lastOther, failed: this.#failed };
  }

  async #ask(url: string, version: string): Promise<void> {
    while (!this.#stopped) {
      const answered = await this.#once(url).catch(() => null);
      if (answered === null) this.#failed += 1;
      if (answered !== version) this.#lastOther = performance.now();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #once(url: string): Promise<string> {
    const { body, statusCode } = await request(`${url}/health`, { dispatcher: this.#agent });
    const { version } = (await body.json()) as { version: string };
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return version;
  }
}
