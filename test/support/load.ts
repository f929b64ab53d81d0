import assert from "node:assert/strict";
import { Agent, request } from "undici";

export interface LoadOptions {
  /** @default 100 */
  readonly perSecond?: number;
  /**
   * Connections are kept for the next request. Off, each request has one of its own, which the Service sends to any of
   * its pods. @default false
   */
  readonly keepAlive?: boolean;
  /** One row to predict. */
  readonly features: readonly number[];
}

/** What callers saw. */
export interface LoadResult {
  readonly sent: number;
  /** Everything but an answer of 200 with a finite prediction. */
  readonly failed: number;
  /** How often each version answered, by its header `x-model-version`. */
  readonly versions: Readonly<Record<string, number>>;
  /** How often each failure was seen, in words. */
  readonly failures: Readonly<Record<string, number>>;
  /** Times of day of the first and the last failure, to look up what the cluster did then. */
  readonly failedFrom: string | null;
  readonly failedTo: string | null;
}

export interface Load {
  /** What was seen until now. */
  seen(): LoadResult;
  /** Sends nothing more, waits for what is under way, and gives the whole. */
  stop(): Promise<LoadResult>;
}

/** Longest wait for one answer. */
const patienceMs = 10_000;
/** More than these under way are not sent: a server that answers nothing must not cost this machine its memory. */
const mostUnderWay = 500;
/** Nothing is sent after these, should nobody stop it. */
const longestMs = 20 * 60_000;

/** Has callers send requests while something is done, of which none may fail, and gives what they saw. */
export async function unharmed(
  url: string,
  options: LoadOptions,
  work: () => Promise<unknown>,
): Promise<LoadResult> {
  const load = startLoad(url, options);
  try {
    await work();
  } finally {
    await load.stop();
  }
  const seen = load.seen();
  assert.equal(seen.failed, 0, JSON.stringify(seen));
  return seen;
}

/** Sends predictions at a steady rate, whether they are answered or not, as many independent callers would. */
export function startLoad(
  url: string,
  { perSecond = 100, keepAlive = false, features }: LoadOptions,
): Load {
  const agent = new Agent({ pipelining: keepAlive ? 1 : 0, connections: mostUnderWay });
  const body = JSON.stringify({ features: [features] });
  const versions: Record<string, number> = {};
  const failures: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();
  let [sent, failed] = [0, 0];
  let failedFrom: string | null = null;
  let failedTo: string | null = null;
  const count = (counts: Record<string, number>, what: string) =>
    void (counts[what] = (counts[what] ?? 0) + 1);

  const send = async () => {
    sent += 1;
    const problem = await ask().catch(
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    if (problem === null) return;
    failed += 1;
    failedTo = new Date().toISOString();
    failedFrom ??= failedTo;
    count(failures, problem);
  };
  const ask = async (): Promise<string | null> => {
    const answer = await request(`${url}/predict`, {
      method: "POST",
      dispatcher: agent,
      headers: { "content-type": "application/json" },
      body,
      headersTimeout: patienceMs,
      bodyTimeout: patienceMs,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) return `status ${answer.statusCode}`;
    const { predictions } = JSON.parse(text) as { predictions: unknown[] };
    if (!Number.isFinite(predictions[0])) return `prediction ${String(predictions[0])}`;
    count(versions, String(answer.headers["x-model-version"]));
    return null;
  };

  const began = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    const elapsed = performance.now() - began;
    if (elapsed > longestMs) return clearInterval(timer);
    for (; due < (elapsed / 1000) * perSecond; due += 1) {
      if (underWay.size >= mostUnderWay) continue;
      const one = send().finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }, 5);
  const seen = () => ({
    sent,
    failed,
    versions: { ...versions },
    failures: { ...failures },
    failedFrom,
    failedTo,
  });
  return {
    seen,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      await agent.close();
      return seen();
    },
  };
}
