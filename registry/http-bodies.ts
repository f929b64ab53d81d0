import { quoted } from "./errors";
import { type Attempted, failureOfConnection, timedOut, tooManyBytes } from "./http-failures";
import type { WireAnswer } from "./http-wire";

/** Enough for MLflow's error document. */
const errorBytes = 64 * 1024;

/** The whole body, or `refused` when it is longer than `maxBytes`. */
export async function readBounded(
  answer: WireAnswer,
  maxBytes: number,
  attempted: Attempted,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw tooManyBytes(attempted, maxBytes).error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The beginning of a refusal's body, as text. */
export async function readBeginning(answer: WireAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
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
  answer: WireAnswer,
  controller: AbortController,
  silenceSeconds: number,
  attempted: Attempted,
): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => controller.abort(), silenceSeconds * 1000);
  try {
    for await (const chunk of answer.body) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    throw controller.signal.aborted
      ? timedOut(attempted, silenceSeconds).error
      : failureOfConnection(attempted, error).error;
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
