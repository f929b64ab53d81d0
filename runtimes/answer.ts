import { get } from "node:http";
import type { Answer } from "./observed";

/** Longest wait for the scorer's answer, in milliseconds. */
const answerTimeout = 2000;

/** Asks a scorer, or the router before it, what it serves. Never throws. */
export async function answerOf(url: string): Promise<Answer> {
  const failed = (problem: string) => ({ answer: null, problem });
  try {
    const { status, text } = await asked(`${url}/health`);
    if (status !== 200) return failed(`HTTP ${status}`);
    const answer = JSON.parse(text) as Partial<NonNullable<Answer["answer"]>>;
    const { model, version, digest, stage } = answer;
    if (!version || !digest) return failed("it is no scorer of ours");
    return {
      answer: { model: model ?? "", version, digest, stage: stage ?? "" },
      problem: null,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return failed("it is no scorer of ours");
    const timedOut = error instanceof Error && error.name === "AbortError";
    return failed(timedOut ? `no answer within ${answerTimeout / 1000} s` : "no connection");
  }
}

/** By Node's own HTTP: loading `fetch` for one question takes a third of an `up` that changes nothing. */
function asked(url: string): Promise<{ status: number; text: string }> {
  const options = { agent: false, signal: AbortSignal.timeout(answerTimeout) };
  return new Promise((resolve, reject) => {
    const request = get(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }),
      );
    });
    request.once("error", reject);
  });
}
