import { shortDigest } from "../../policies/finding";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import { operationsOf } from "../../runtimes";
import type { Answer } from "../../runtimes/observed";
import { CliError } from "../errors";
import { nameOfPin } from "../../history/pin-name";

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
  // A user's program may mean another address.
  const { traits, answer: ask } = operationsOf(settings);
  const mayBeSilent = !traits.answersHere || ownProgram;
  let said = await ask(settings, url);
  // A busy machine may take its time for an answer.
  for (let tries = 1; tries < 5 && !isOf(pin, said.answer); tries++) {
    if (!said.answer && mayBeSilent) break;
    await sleep(200);
    said = await ask(settings, url);
  }
  const { answer, problem } = said;
  if (isOf(pin, answer)) return `${stack} serves ${nameOfPin(pin)}.`;
  const status = `see \`tollgate status --stack ${stack}\``;
  if (answer) {
    throw new CliError(
      "other-version",
      `${nameOfPin(pin)} was released, but version ${answer.version} (${shortDigest(answer.digest)}) answers at ${url}: ${status}.`,
    );
  }
  if (mayBeSilent)
    return `${stack} is up; what callers get at ${url} couldn't be asked (${problem}).`;
  throw new CliError(
    "no-answer",
    `${nameOfPin(pin)} was released, but nothing answers at ${url} (${problem}): ${status}.`,
  );
}

function isOf(pin: PinnedVersion, answer: Answer["answer"]): boolean {
  return answer?.version === pin.version && answer.digest === pin.digest;
}
