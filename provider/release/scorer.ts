import { performance } from "node:perf_hooks";
import { fieldText, parseExactJson } from "../../strict/json-text";
import { pause } from "./cancellation";
import { isNumeric } from "./same-answer";

/** A request the model can answer. */
export interface Question {
  readonly path: "/predict" | "/invocations";
  readonly body: string;
  readonly rows: number;
  /**
   * What differs in as many predictions as rows; null when nothing does. Missing: any will do that say something, and
   * whose numbers are finite.
   */
  readonly difference?: (predictions: readonly unknown[]) => string | null;
  /** Longest wait for the answer where it is longer than usual, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What a scorer says it is. */
export interface ScorerIdentity {
  readonly model: unknown;
  readonly version: unknown;
  readonly digest: unknown;
}

/** One answer to a question. */
export interface Prediction {
  readonly ms: number;
  /** Null when the predictions are as they should be; otherwise what is wrong, a clause that follows the scorer's name. */
  readonly problem: string | null;
  /** Are the predictions good ones, but not those that the question wants? */
  readonly differs: boolean;
  /** The version that answered; null when it doesn't say. */
  readonly version: string | null;
}

interface AskOptions {
  readonly body?: string;
  /** For the whole of it, with what is asked again. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** @default null: a connection that breaks is the scorer's fault */
  readonly detour?: Detour | null;
}

/** A way to a scorer that may break by itself, as one through a cluster's API server and a kubelet does under load. */
export interface Detour {
  /** How often a question is asked again whose connection broke before an answer was read. */
  readonly repeats: number;
  /** Comes before each repetition; throws ScorerChanged when the scorer itself is what broke. */
  readonly inspect: () => Promise<void>;
}

/** A scorer isn't what it was when it was found. The message is one clause with its name. */
export class ScorerChanged extends Error {
  constructor(
    message: string,
    /** Was it taken away, by a node's drain, say? Then another comes in its place. */
    readonly gone: boolean,
  ) {
    super(message);
  }
}

/** Pause before a question is asked again. */
const repeatPauseMs = 250;

interface Answer {
  readonly status: number;
  readonly text: string;
  /** The version that answered; null when it doesn't say. */
  readonly version: string | null;
}

/** One HTTP request to a scorer or to the router in front of it. Throws one clause, such as `does not answer (ECONNREFUSED)`. */
export async function ask(url: string, options: AskOptions): Promise<Answer> {
  const { timeoutMs, signal, detour = null } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  let broken = "";
  for (let repeats = 0; ; repeats++) {
    try {
      return await askOnce(url, options.body, signal ? AbortSignal.any([limit, signal]) : limit);
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) throw new Error(`does not answer within ${timeoutMs} ms${broken}`);
      const again = detour !== null && repeats < detour.repeats;
      if (!again) throw new Error(`does not answer (${codeOf(error)})`);
      broken = `, ${repeats + 1} times tried (${codeOf(error)})`;
    }
    await pause(repeatPauseMs, signal);
    await detour.inspect();
  }
}

async function askOnce(
  url: string,
  body: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, {
    signal,
    ...(body === undefined ? {} : { method: "POST", body, headers }),
  });
  const text = await answer.text();
  return { status: answer.status, text, version: answer.headers.get("x-model-version") };
}

/** `GET /health` of a scorer. */
export async function askIdentity(scorer: string, options: AskOptions): Promise<ScorerIdentity> {
  const { status, text } = await ask(`${scorer}/health`, options);
  if (status !== 200) throw new Error(`answers ${status} to GET /health`);
  return parseObject(text, "GET /health") as unknown as ScorerIdentity;
}

/** The request a scorer says it can answer (`sample` in `GET /version`); null when it knows none. */
export async function askSample(scorer: string, options: AskOptions): Promise<Question | null> {
  const { status, text } = await ask(`${scorer}/version`, options);
  if (status !== 200) throw new Error(`answers ${status} to GET /version`);
  const { sample } = parseObject(text, "GET /version") as {
    sample?: { features?: unknown } | null;
  };
  const rows = Array.isArray(sample?.features) ? sample.features.length : 0;
  // As it is written: reading and writing it would round whole numbers beyond 2^53.
  return rows > 0 ? { path: "/predict", rows, body: fieldText(text, "sample")! } : null;
}

/** Asks for predictions. Throws only when interrupted, and ScorerChanged; all else is a problem of the answer. */
export async function askPredictions(
  base: string,
  question: Question,
  options: Omit<AskOptions, "body">,
): Promise<Prediction> {
  const started = performance.now();
  const timeoutMs = Math.max(options.timeoutMs, question.timeoutMs ?? 0);
  const { path, body } = question;
  try {
    const answer = await ask(base + path, { ...options, timeoutMs, body });
    const ms = performance.now() - started;
    return { ms, ...judged(answer, question), version: answer.version };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof ScorerChanged) throw error;
    const problem = (error as Error).message;
    return { ms: performance.now() - started, problem, differs: false, version: null };
  }
}

function judged(
  { status, text }: { status: number; text: string },
  { path, rows, difference }: Question,
): Pick<Prediction, "problem" | "differs"> {
  try {
    const predictions = predictionsIn(status, text, `POST ${path}`, rows);
    if (!difference && !predictions.every(isPrediction)) {
      throw new Error(`answers POST ${path} with a prediction that is not finite`);
    }
    const problem = difference?.(predictions) ?? null;
    return { problem, differs: problem !== null };
  } catch (error) {
    return { problem: (error as Error).message, differs: false };
  }
}

/** As many predictions as rows. Throws one clause when an answer doesn't have them. */
function predictionsIn(status: number, text: string, what: string, rows: number): unknown[] {
  if (status !== 200) throw new Error(`answers ${status} to ${what}`);
  const predictions = byRow((parseObject(text, what) as { predictions?: unknown }).predictions);
  if (!Array.isArray(predictions)) throw new Error(`answers ${what} without predictions`);
  if (predictions.length !== rows) {
    throw new Error(`answers ${what} with ${predictions.length} predictions for ${rows} rows`);
  }
  return predictions as unknown[];
}

/** A record for each row, of a model that answers lists of as many values by column; anything else as it is. */
function byRow(predictions: unknown): unknown {
  if (typeof predictions !== "object" || predictions === null || Array.isArray(predictions)) {
    return predictions;
  }
  const columns = Object.entries(predictions).map(
    ([name, values]) => [name, byRow(values)] as const,
  );
  const rows = columns[0]?.[1];
  const alike = (values: unknown) =>
    Array.isArray(values) && Array.isArray(rows) && values.length === rows.length;
  if (!Array.isArray(rows) || !columns.every(([, values]) => alike(values))) return predictions;
  return rows.map((_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, (values as unknown[])[row]])),
  );
}

/**
 * Numbers are finite, none is missing in a list of numbers, and something is said: null may stand beside what is measured
 * of an answer, as the reason that a class doesn't have, but isn't an answer by itself.
 */
function isPrediction(value: unknown): boolean {
  const values = valuesIn(value);
  return hasGoodNumbers(value) && (values.length === 0 || values.some((each) => each !== null));
}

function hasGoodNumbers(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  const parts: unknown[] = Object.values(value);
  const lacks = Array.isArray(value) && parts.includes(null) && parts.some(isNumeric);
  return !lacks && parts.every(hasGoodNumbers);
}

/** What is in lists and records, however deep; the value itself where it is neither. */
function valuesIn(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [value];
  return Object.values(value).flatMap(valuesIn);
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const value = parseExactJson(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Python writes NaN into JSON, which makes it no JSON.
  }
  throw new Error(`answers ${what} with something that is not a JSON object`);
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
