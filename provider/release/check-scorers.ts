import type { ReleaseCheckInputs } from "../inputs";
import { cancellation } from "./cancellation";
import { ask, askIdentity, askPredictions, askSample, type Sample } from "./scorer";
import { p95, shownMs } from "./statistics";

/** Requests to one scorer, one after the other, whose P95 is judged. */
const latencyRequests = 100;
/** Requests before them that don't count. */
const warmUpRequests = 10;
const timeoutMs = 10_000;

/**
 * Asks every scorer, before any traffic: is it ready, is it the pinned version, does it predict, and fast enough?
 * A model that offers no sample request (it has neither signature nor example) is not asked to predict.
 *
 * @throws Error one sentence with the scorer's address, what was measured and what is allowed
 */
export async function checkScorers(
  inputs: ReleaseCheckInputs,
  signal = cancellation,
): Promise<void> {
  for (const scorer of inputs.scorers) {
    try {
      await checkScorer(scorer, inputs, { timeoutMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(
        `version ${inputs.version} of ${inputs.model} gets no traffic: its scorer ${scorer} ${(error as Error).message}`,
      );
    }
  }
}

/** What one scorer is checked for. */
type Expected = Omit<ReleaseCheckInputs, "scorers">;

interface CheckOptions {
  /** How long one answer may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Throws one clause that follows the scorer's address or name. */
export async function checkScorer(
  scorer: string,
  inputs: Expected,
  options: CheckOptions,
): Promise<void> {
  const ready = await ask(`${scorer}/ready`, options);
  if (ready.status !== 200) throw new Error(`answers ${ready.status} to GET /ready`);
  await checkIdentity(scorer, inputs, options);
  const sample = await askSample(scorer, options);
  if (!sample) return;
  const { problem } = await askPredictions(scorer, sample, options);
  if (problem) throw new Error(problem);
  await checkLatency(scorer, sample, inputs.maxP95Ms, options);
}

async function checkIdentity(
  scorer: string,
  inputs: Expected,
  options: CheckOptions,
): Promise<void> {
  const identity = await askIdentity(scorer, options);
  for (const fact of ["model", "version", "digest"] as const) {
    if (identity[fact] !== inputs[fact]) {
      throw new Error(
        `serves ${fact} ${JSON.stringify(identity[fact])}, the pin says "${inputs[fact]}"`,
      );
    }
  }
}

/** @param maxP95Ms 0: no limit */
async function checkLatency(
  scorer: string,
  sample: Sample,
  maxP95Ms: number,
  options: CheckOptions,
): Promise<void> {
  const latencies: number[] = [];
  for (let request = 0; request < warmUpRequests + latencyRequests; request++) {
    const { ms, problem } = await askPredictions(scorer, sample, options);
    if (problem) throw new Error(`${problem} after ${request + 1} good answers`);
    if (request >= warmUpRequests) latencies.push(ms);
  }
  const measured = p95(latencies)!;
  if (maxP95Ms > 0 && measured > maxP95Ms) {
    throw new Error(
      `has a P95 latency of ${shownMs(measured)} over ${latencyRequests} requests, above the limit of ${shownMs(maxP95Ms)} (tollgate:release.maxP95Ms); pin a faster version or raise the limit`,
    );
  }
}
