import type { HostCounters, LatencyBucket } from "../envoy/admin";
import { askPredictions, type Prediction, type Sample } from "./scorer";
import { bucketsSince, p95, p95OfBuckets, shownMs, shownShare } from "./statistics";
import { pause } from "./cancellation";

export interface WatchOptions {
  /** Where the watch's own requests go. */
  readonly url: string;
  /**
   * Is that another way than callers take? Then how long it takes says little of what callers get: the source's latency
   * is judged alone, which has the watch's own requests among the others, unless the source counts none.
   */
  readonly detour: boolean;
  readonly version: string;
  /** Null: nothing to ask, only callers' requests count. */
  readonly sample: Sample | null;
  readonly watchSeconds: number;
  /** Share of requests that may fail, 0 to 1. */
  readonly maxErrorRate: number;
  /** 0: no limit. */
  readonly maxP95Ms: number;
  readonly signal?: AbortSignal;
}

/** Who counts what callers get. */
export interface WatchSource {
  /** Null when there is nothing to count yet. */
  counters(): Promise<HostCounters | null>;
  latency(): Promise<readonly LatencyBucket[]>;
  /** Throws one clause when the version's scorers are not what they were, however few the requests. */
  inspect?(): Promise<void>;
}

/** Counters before the move. */
export interface Baseline {
  readonly counters: HostCounters;
  readonly latency: readonly LatencyBucket[];
}

/** Requests of one source and how many of them failed. */
interface Tally {
  readonly requests: number;
  readonly errors: number;
}

export interface WatchFacts {
  /** Every request the version's scorers got, by the router's counters; the watch's own are among them. */
  readonly all: Tally;
  /** The watch's own requests: their answers were read, so that a NaN counts as an error. */
  readonly own: Tally;
  /** The worse of what all requests and, unless on a detour, the watch's own measured; null without answers. */
  readonly p95Ms: number | null;
  /** First thing found wrong by the watch's own requests. */
  readonly problem: string | null;
}

/** Pause between two requests of the watch: 20 a second. */
const probePauseMs = 50;
/** Fewer requests than this decide nothing before the watch is over. */
const enoughToJudge = 20;
/** Longest wait for an answer that comes on a detour, in milliseconds. */
const detourTimeoutMs = 5000;
/** Asked at least, however short the watch. */
const fewestProbes = 3;
const noCounters: HostCounters = { requests: 0, errors: 0, active: 0 };

/** Reads the counters a watch starts from; call it before traffic moves. */
export async function readBaseline(source: WatchSource): Promise<Baseline> {
  const [counters, latency] = await Promise.all([source.counters(), source.latency()]);
  return { counters: counters ?? noCounters, latency };
}

/**
 * Watches a version that has just got the traffic: what callers get, by the router's counters, and what requests of its
 * own get. Ends at once when it misbehaves.
 *
 * @throws Error one clause with what was measured and the limit; `Interrupted` when the user stops the command
 */
export async function watchTraffic(
  source: WatchSource,
  baseline: Baseline,
  options: WatchOptions,
): Promise<WatchFacts> {
  const { signal, sample } = options;
  const end = Date.now() + options.watchSeconds * 1000;
  const probes: Prediction[] = [];
  const asked: Promise<void>[] = [];
  let turns = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (sample) {
      // One that is cut short by an interruption says nothing; the loop itself ends then.
      const asking = probe(options, sample).then((result) => void probes.push(result));
      asked.push(asking.catch(() => {}));
    }
    const over = Date.now() >= end && (!sample || asked.length >= fewestProbes);
    if (over) break;
    if (++turns % 5 === 0) {
      await source.inspect?.();
      judgeWatch(await measure(source, baseline, probes, options), options, false);
    }
    await pause(probePauseMs, signal);
  }
  await Promise.all(asked);
  await source.inspect?.();
  const found = await measure(source, baseline, probes, options);
  judgeWatch(found, options, true);
  return found;
}

/** Throws when a version misbehaves. While the watch goes on, few requests decide nothing. */
export function judgeWatch(facts: WatchFacts, options: WatchOptions, over: boolean): void {
  const { all, own, p95Ms, problem } = facts;
  for (const { requests, errors } of [all, own]) {
    if (requests === 0 || (requests < enoughToJudge && !over)) continue;
    const share = errors / requests;
    if (share <= options.maxErrorRate) continue;
    throw new Error(
      `${errors} of ${requests} requests failed (${shownShare(share)}; tollgate:release.maxErrorRate allows ${shownShare(options.maxErrorRate)})` +
        (problem ? `, it ${problem}` : ""),
    );
  }
  const judged = over || Math.max(all.requests, own.requests) >= enoughToJudge;
  if (judged && options.maxP95Ms > 0 && p95Ms !== null && p95Ms > options.maxP95Ms) {
    throw new Error(
      `its P95 latency is ${shownMs(p95Ms)} (tollgate:release.maxP95Ms allows ${shownMs(options.maxP95Ms)})`,
    );
  }
}

async function measure(
  source: WatchSource,
  baseline: Baseline,
  probes: readonly Prediction[],
  { detour }: WatchOptions,
): Promise<WatchFacts> {
  const [counters, buckets] = await Promise.all([source.counters(), source.latency()]);
  const wrong = probes.filter(({ problem }) => problem !== null);
  const counted = p95OfBuckets(bucketsSince(baseline.latency, buckets));
  const own = detour && counted !== null ? null : p95(probes.map(({ ms }) => ms));
  const measured = [counted, own].filter((each) => each !== null);
  return {
    all: since(baseline.counters, counters ?? noCounters),
    own: { requests: probes.length, errors: wrong.length },
    p95Ms: measured.length > 0 ? Math.max(...measured) : null,
    problem: wrong[0]?.problem ?? null,
  };
}

/** A scorer that was replaced counts from 0 again. */
function since(before: Tally, now: Tally): Tally {
  const { requests, errors } = now;
  if (requests < before.requests || errors < before.errors) return { requests, errors };
  return { requests: requests - before.requests, errors: errors - before.errors };
}

/** One request of the watch. An answer by another version means that this one could not give it. */
async function probe(options: WatchOptions, sample: Sample): Promise<Prediction> {
  const timeoutMs = options.detour ? detourTimeoutMs : Math.max(1000, 4 * options.maxP95Ms);
  const result = await askPredictions(options.url, sample, { timeoutMs, signal: options.signal });
  const other = result.version !== null && result.version !== options.version;
  return result.problem === null && other
    ? { ...result, problem: `gave no good answer, version ${result.version} did` }
    : result;
}
