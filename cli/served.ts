import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import { CliError } from "./errors";
import { nameOfPin } from "./judgement";
import type { ServingStatus } from "./status/status";

/**
 * What callers get after an `up` that went well, as one sentence: by what the program gave and by asking, because what is
 * pinned is only what was wanted.
 *
 * @param url where callers reach the model, by the program's outputs
 * @param ownProgram is it a program that a user wrote? It may give no such output.
 * @throws CliError when callers get something else than the pinned version, or nothing
 */
export async function servedSentence(
  settings: Settings,
  pin: PinnedVersion,
  url: string | undefined,
  ownProgram: boolean,
): Promise<string> {
  const { stack } = settings;
  if (url === undefined) {
    if (ownProgram)
      return `${stack} is up; its program has no output \`url\`, so nobody was asked.`;
    throw new CliError(
      "not-released",
      `${stack} has its registry now and serves nothing yet: ${nameOfPin(pin)} is judged and released by the next \`tollgate up --stack ${stack}\`.`,
    );
  }
  // The way to a cluster's pods may be closed to whoever released, and a user's program may mean another address.
  const mayBeSilent = settings.kubernetes !== null || ownProgram;
  const ask = await asking(settings, url);
  let said = await ask();
  // A busy machine may take its time for an answer.
  for (let tries = 1; tries < 5 && !isOf(pin, said.answer); tries++) {
    if (!said.answer && mayBeSilent) break;
    await sleep(200);
    said = await ask();
  }
  const { answer, problem } = said;
  if (isOf(pin, answer)) return `${stack} serves ${nameOfPin(pin)}.`;
  const status = `see \`tollgate status --stack ${stack}\``;
  if (answer) {
    throw new CliError(
      "other-version",
      `${nameOfPin(pin)} was released, but version ${answer.version} (${answer.digest.slice(0, 19)}) answers at ${url}: ${status}.`,
    );
  }
  if (mayBeSilent)
    return `${stack} is up; what callers get at ${url} couldn't be asked (${problem}).`;
  throw new CliError(
    "no-answer",
    `${nameOfPin(pin)} was released, but nothing answers at ${url} (${problem}): ${status}.`,
  );
}

type Said = Pick<ServingStatus, "answer" | "problem">;

function isOf(pin: PinnedVersion, answer: Said["answer"]): boolean {
  return answer?.version === pin.version && answer.digest === pin.digest;
}

/** How callers' answer is got. */
async function asking(settings: Settings, url: string): Promise<() => Promise<Said>> {
  const { kubernetes } = settings;
  if (kubernetes) {
    const { servingInCluster } = await import("./status/cluster");
    return () => servingInCluster({ ...settings, kubernetes });
  }
  const { answerOf } = await import("./status/answer");
  return () => answerOf(url);
}
