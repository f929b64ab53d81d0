import type { ServingStatus } from "./status";

/** Longest wait for the scorer's answer, in milliseconds. */
const answerTimeout = 2000;

/** Asks a scorer, or the router before it, what it serves. Never throws. */
export async function answerOf(url: string): Promise<Pick<ServingStatus, "answer" | "problem">> {
  const failed = (problem: string) => ({ answer: null, problem });
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(answerTimeout) });
    const text = await response.text();
    if (!response.ok) return failed(`HTTP ${response.status}`);
    const answer = JSON.parse(text) as Partial<NonNullable<ServingStatus["answer"]>>;
    const { model, version, digest, stage } = answer;
    if (!version || !digest) return failed("it is no scorer of ours");
    return {
      answer: { model: model ?? "", version, digest, stage: stage ?? "" },
      problem: null,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return failed("it is no scorer of ours");
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return failed(timedOut ? `no answer within ${answerTimeout / 1000} s` : "no connection");
  }
}
