import { performance } from "node:perf_hooks";

/** A request the model can answer. */
export interface Sample {
  readonly rows: number;
  /** Body of `POST /predict`. */
  readonly body: string;
}

/** What a scorer says it is. */
export interface ScorerIdentity {
  readonly model: unknown;
  readonly version: unknown;
  readonly digest: unknown;
}

/** One answer to a sample. */
export interface Prediction {
  readonly ms: number;
  /** Null when there are as many finite predictions as rows; otherwise what is wrong, to follow "answered". */
  readonly problem: string | null;
  /** The version that answered; null when it doesn't say. */
  readonly version: string | null;
}

interface AskOptions {
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One HTTP request to a scorer or to the router in front of it. Throws one clause, such as `does not answer (ECONNREFUSED)`. */
export async function ask(
  url: string,
  { body, timeoutMs, signal }: AskOptions,
): Promise<{ status: number; text: string; version: string | null }> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await fetch(url, {
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      ...(body === undefined
        ? {}
        : { method: "POST", body, headers: { "content-type": "application/json" } }),
    });
    const text = await answer.text();
    return { status: answer.status, text, version: answer.headers.get("x-model-version") };
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) throw new Error(`does not answer within ${timeoutMs} ms`);
    throw new Error(`does not answer (${codeOf(error)})`);
  }
}

/** `GET /health` of a scorer. */
export async function askIdentity(scorer: string, options: AskOptions): Promise<ScorerIdentity> {
  const { status, text } = await ask(`${scorer}/health`, options);
  if (status !== 200) throw new Error(`answers ${status} to GET /health`);
  return parseObject(text, "GET /health") as unknown as ScorerIdentity;
}

/** The request a scorer says it can answer (`sample` in `GET /version`); null when it knows none. */
export async function askSample(scorer: string, options: AskOptions): Promise<Sample | null> {
  const { status, text } = await ask(`${scorer}/version`, options);
  if (status !== 200) throw new Error(`answers ${status} to GET /version`);
  const { sample } = parseObject(text, "GET /version") as {
    sample?: { features?: unknown } | null;
  };
  const rows = Array.isArray(sample?.features) ? sample.features.length : 0;
  return rows > 0 ? { rows, body: JSON.stringify(sample) } : null;
}

/** Asks for predictions of a sample. Throws only when interrupted; all else is a problem of the answer. */
export async function askPredictions(
  base: string,
  sample: Sample,
  options: Omit<AskOptions, "body">,
): Promise<Prediction> {
  const started = performance.now();
  try {
    const answer = await ask(`${base}/predict`, { ...options, body: sample.body });
    const ms = performance.now() - started;
    return { ms, problem: predictionProblem(answer, sample.rows), version: answer.version };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ms: performance.now() - started, problem: (error as Error).message, version: null };
  }
}

/** What is wrong with an answer of `POST /predict`; null when nothing is. */
export function predictionProblem(
  { status, text }: { status: number; text: string },
  rows: number,
): string | null {
  if (status !== 200) return `answers ${status} to POST /predict`;
  let predictions: unknown;
  try {
    ({ predictions } = parseObject(text, "POST /predict") as { predictions?: unknown });
  } catch (error) {
    return (error as Error).message;
  }
  if (!Array.isArray(predictions)) return "answers POST /predict without predictions";
  if (predictions.length !== rows) {
    return `answers POST /predict with ${predictions.length} predictions for ${rows} rows`;
  }
  return predictions.every(isFinitePrediction)
    ? null
    : "answers POST /predict with a prediction that is not finite";
}

/** A number must be finite, a label not null; lists and records of such (probabilities) likewise. */
function isFinitePrediction(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isFinitePrediction);
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(isFinitePrediction);
  }
  return typeof value === "string" || typeof value === "boolean";
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
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
