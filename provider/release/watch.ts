import type { LatencyBucket } from "../envoy/admin";
import { askPredictions, type Detour, type Prediction, type Question } from "./scorer";
import { bucketsSince, p95, p95OfBuckets, revealingRows, shownMs, shownShare } from "./statistics";
import { pause } from "./cancellation";

/** What a watch asks by itself: rows whose answers were kept, or a sample. */
export interface WatchQuestions {
  /** For each of its requests, a row drawn then. */
  one(): Question;
  /** Asked once at the end, when its latency has been judged. */
  closing(): readonly Question[];
}

/** A watch that has one question, or none. */
export function onlyAsking(question: Question | null): WatchQuestions | null {
  return question && { one: () => question, closing: () => [] };
}

export interface WatchOptions {
  /** Where the watch's own requests go, in turn. */
  readonly urls: readonly string[];
  /**
   * Is that another way than callers take? Then how long it takes says little of what callers get: the source's latency
   * is judged alone, which has the watch's own requests among the others, unless the source counts none.
   */
  readonly detour: boolean;
  readonly version: string;
  /** Null: nothing to ask, only callers' requests count. */
  readonly questions: WatchQuestions | null;
  readonly watchSeconds: number;
  /** Share of requests that may fail, 0 to 1. */
  readonly maxErrorRate: number;
  /** 0: no limit. */
  readonly maxP95Ms: number;
  readonly signal?: AbortSignal;
}

/** Requests of one source, and how many of them failed. */
export interface Tally {
  readonly requests: number;
  readonly errors: number;
  /**
   * Failures that callers may have caused, by sending what no version can answer. They are no errors; where they are many,
   * the watch asks more by itself. @default 0
   */
  readonly doubtful?: number;
}

/** Who counts what callers get. */
export interface WatchSource {
  /**
   * Null when there is nothing to count yet. An error is what speaks against the version whatever callers send: they may
   * send what no version can answer.
   */
  counters(): Promise<Tally | null>;
  latency(): Promise<readonly LatencyBucket[]>;
  /** Throws one clause when the version's scorers are not what they were, however few the requests. */
  inspect?(): Promise<void>;
}

/** Counters before the move. */
export interface Baseline {
  readonly counters: Tally;
  readonly latency: readonly LatencyBucket[];
}

export interface WatchFacts {
  /** Every request the version's scorers got, by the source's counters; the watch's own are among them. */
  readonly all: Tally;
  /** The watch's own requests: their answers were read, so that a NaN counts as an error. */
  readonly own: Tally;
  /** The worse of what all requests and, unless on a detour, the watch's own measured; null without answers. */
  readonly p95Ms: number | null;
  /** First thing found wrong by the watch's own requests. */
  readonly problem: string | null;
  /** First good answer that isn't the kept one. A single one is too many. */
  readonly difference: string | null;
}

/** Pause between two requests of the watch: 20 a second. */
const probePauseMs = 50;
/** Fewer requests than this decide nothing before the watch is over. */
const enoughToJudge = 20;
/** Longest wait for an answer that comes on a detour, in milliseconds. */
const detourTimeoutMs = 5000;
/** Once, so that a version that breaks connections is found nearly as soon. The source looks at the pods all the while. */
const onDetour: Detour = { repeats: 1, inspect: () => Promise.resolve() };
/** Asked at least, however short the watch. */
const fewestProbes = 3;
/**
 * Pause between two requests where callers see many failures that they may have caused, until `revealingRows` were asked:
 * callers wait for the outcome.
 */
const settlingPauseMs = 10;
const noCounters: Tally = { requests: 0, errors: 0 };

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
  const { signal, questions } = options;
  const end = Date.now() + options.watchSeconds * 1000;
  const probes: Prediction[] = [];
  const asked: Promise<void>[] = [];
  let turns = 0;
  let wanted = questions ? fewestProbes : 0;
  for (;;) {
    signal?.throwIfAborted();
    if (questions) {
      // One that is cut short by an interruption says nothing; the loop itself ends then.
      const asking = probe(options, questions.one(), asked.length);
      asked.push(asking.then((result) => void probes.push(result)).catch(() => {}));
    }
    if (Date.now() >= end && asked.length >= wanted) {
      await Promise.all(asked);
      await source.inspect?.();
      const found = await measure(source, baseline, probes, options);
      judgeWatch(found, options, true);
      if (!questions || wanted === revealingRows || !isDoubted(found, options)) {
        await askClosing(options);
        return found;
      }
      wanted = revealingRows;
    } else if (++turns % 5 === 0) {
      await source.inspect?.();
      judgeWatch(await measure(source, baseline, probes, options), options, false);
    }
    await pause(wanted === revealingRows ? settlingPauseMs : probePauseMs, signal);
  }
}

/** Do callers see more failures than may be, if they are none of their own making? */
function isDoubted({ all }: WatchFacts, { maxErrorRate }: WatchOptions): boolean {
  const { requests, errors, doubtful = 0 } = all;
  return errors + doubtful > maxErrorRate * requests;
}

/** Only another answer counts here: what fails or takes long has been judged by then. */
async function askClosing(options: WatchOptions): Promise<void> {
  for (const [turn, question] of (options.questions?.closing() ?? []).entries()) {
    const { differs, problem } = await probe(options, question, turn);
    if (differs) throw new Error(`it ${problem}`);
  }
}

/** Throws when a version misbehaves. While the watch goes on, few requests decide nothing. */
export function judgeWatch(facts: WatchFacts, options: WatchOptions, over: boolean): void {
  const { all, own, p95Ms, problem, difference } = facts;
  if (difference) throw new Error(`it ${difference}`);
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
    difference: wrong.find(({ differs }) => differs)?.problem ?? null,
  };
}

/** A scorer that was replaced counts from 0 again. */
function since(before: Tally, now: Tally): Tally {
  if (now.requests < before.requests || now.errors < before.errors) return now;
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    doubtful: (now.doubtful ?? 0) - (before.doubtful ?? 0),
  };
}

/** One request of the watch. An answer by another version means that this one could not give it. */
async function probe(options: WatchOptions, question: Question, turn: number): Promise<Prediction> {
  const { urls, detour, version, signal } = options;
  const timeoutMs = detour ? detourTimeoutMs : Math.max(1000, 4 * options.maxP95Ms);
  const how = { timeoutMs, signal, detour: detour ? onDetour : null };
  const result = await askPredictions(urls[turn % urls.length]!, question, how);
  const other = result.version !== null && result.version !== version;
  if (!other || (result.problem !== null && !result.differs)) return result;
  const problem = `gave no good answer, version ${result.version} did`;
  return { ...result, problem, differs: false };
}
