import { quoted } from "./errors";
import { type Attempted, failureOfFetch, timedOut, tooManyBytes } from "./http-failures";

/** Enough for MLflow's error document. */
const errorBytes = 64 * 1024;

/** The whole body, or `refused` when it is longer than `maxBytes`. */
export async function readBounded(
  response: Response,
  maxBytes: number,
  attempted: Attempted,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(response)) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw tooManyBytes(attempted, maxBytes).error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The beginning of a refusal's body, as text. */
export async function readBeginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(response)) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > errorBytes) {
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The body as it comes. Only a silence of `silenceSeconds` ends it early, not its whole length. */
export async function* readMoving(
  response: Response,
  controller: AbortController,
  silenceSeconds: number,
  attempted: Attempted,
): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => controller.abort(), silenceSeconds * 1000);
  try {
    for await (const chunk of bodyOf(response)) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    throw controller.signal.aborted
      ? timedOut(attempted, silenceSeconds).error
      : failureOfFetch(attempted, error).error;
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `progress` for each chunk that is taken from the source. */
export async function* observed(
  source: AsyncIterable<Uint8Array>,
  progress: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    progress();
    yield chunk;
  }
}

/** What came where JSON was due, in a few words. */
export function notJson(text: string): string {
  if (/^\s*</.test(text)) {
    return "a page of HTML instead of JSON";
  }
  return text.trim() === ""
    ? "nothing instead of JSON"
    : `"${quoted(text, 60)}" instead of whole JSON`;
}

/** Bodies are async-iterable in Node, which the DOM's types don't say; an answer without a body has none. */
function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return (response.body ?? []) as unknown as AsyncIterable<Uint8Array>;
}
