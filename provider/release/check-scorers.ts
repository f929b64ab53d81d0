import { availableParallelism, loadavg } from "node:os";
import type { ReleaseCheckInputs } from "../inputs";
import { keptRowsOf } from "./answers";
import { cancellation } from "./cancellation";
import type { KeptRows } from "./kept-rows";
import { ask, askIdentity, askPredictions, askSample, type Detour, type Question } from "./scorer";
import { p95, shownMs } from "./statistics";

/** Requests to one scorer, one after the other, whose P95 is judged. */
const latencyRequests = 100;
/** Times they are asked, until one P95 is within the limit: other work on the machine only ever adds to it. */
const latencyRounds = 3;
/** Requests before them that don't count. */
const warmUpRequests = 10;
const timeoutMs = 10_000;

/**
 * Asks every scorer, before any traffic: is it ready, is it the pinned version, does it predict, fast enough, and what
 * its evaluation says it does? It is asked rows of the evaluation data whose answers were kept. One that has none (an
 * evaluation of before answers were kept) is asked the sample request that it offers, and where it offers none, nothing.
 *
 * @throws Error one sentence with the scorer's address, what was measured and what is allowed
 */
export async function checkScorers(
  inputs: ReleaseCheckInputs,
  signal = cancellation,
): Promise<void> {
  const { answers, ...expected } = inputs;
  const refused = (reason: string) =>
    new Error(`version ${inputs.version} of ${inputs.model} gets no traffic: ${reason}`);
  const kept = await keptRowsOf(answers, inputs).catch((error: Error) => {
    throw refused(error.message);
  });
  for (const scorer of inputs.scorers) {
    try {
      await checkScorer(scorer, { ...expected, kept }, { timeoutMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw refused(`its scorer ${scorer} ${(error as Error).message}`);
    }
  }
}

/** What one scorer is checked for. */
type Expected = Pick<ReleaseCheckInputs, "model" | "version" | "digest" | "maxP95Ms"> & {
  /** Null: its evaluation kept no answers. */
  readonly kept: KeptRows | null;
};

interface CheckOptions {
  /** How long one answer may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly detour?: Detour;
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
  const asking = await questionsFor(scorer, inputs.kept, options);
  if (asking) await checkLatency(scorer, asking, inputs.maxP95Ms, options);
  for (const question of inputs.kept?.check() ?? []) {
    const { problem } = await askPredictions(scorer, question, options);
    if (problem) throw new Error(problem);
  }
}

/** What is asked for its latency: kept rows, else the sample that the scorer itself offers; null where there are neither. */
async function questionsFor(
  scorer: string,
  kept: KeptRows | null,
  options: CheckOptions,
): Promise<(() => Question) | null> {
  if (kept) return () => kept.one();
  const sample = await askSample(scorer, options);
  return sample && (() => sample);
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
  asking: () => Question,
  maxP95Ms: number,
  options: CheckOptions,
): Promise<void> {
  const found: number[] = [];
  let good = 0;
  const ask = async () => {
    const { ms, problem, differs } = await askPredictions(scorer, asking(), options);
    if (problem) {
      const alone = good === 0 || differs;
      throw new Error(alone ? problem : `${problem} after ${good} good answers`);
    }
    good++;
    return ms;
  };
  for (let request = 0; request < warmUpRequests; request++) await ask();
  while (found.length < latencyRounds) {
    const latencies: number[] = [];
    while (latencies.length < latencyRequests) latencies.push(await ask());
    found.push(p95(latencies)!);
    if (maxP95Ms === 0 || found.at(-1)! <= maxP95Ms) return;
  }
  const measured = found.map(shownMs).join(", ");
  const load = loadavg()[0]!.toFixed(1);
  throw new Error(
    `has a P95 latency of ${measured} over ${latencyRequests} requests each, above the limit of ${shownMs(maxP95Ms)} (tollgate:release.maxP95Ms), asked from a machine with a load of ${load} on ${availableParallelism()} processors; pin a faster version, release on a quieter machine, or raise the limit`,
  );
}
