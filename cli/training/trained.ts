import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { usageError } from "../errors";
import { readStdinUpTo } from "../input";
import type { Output } from "../terminal/output";
import { asTrainingResult, type TrainingResult } from "./training";

/** Bytes that are read from stdin: training's output is one line of JSON. */
const limit = 1024 * 1024;
/** After this it is said what is being waited for; milliseconds. */
const quiet = 2000;

/**
 * What training says it made: an operand, stdin for `-`, or what comes through a pipe, as in `tollgate train | tollgate
 * evaluate`. Null when nothing says it.
 *
 * @param chosen the version was named by an option: a pipe isn't read then
 * @throws CliError (usage) what came is no training result, or nothing came from somebody who could have written it
 */
export async function saidByTraining(
  operand: string | undefined,
  chosen: boolean,
  output: Output,
): Promise<TrainingResult | null> {
  if (operand === "-") return parsed(await readStdinUpTo(limit));
  if (operand !== undefined) return parsed(Buffer.from(operand));
  if (chosen || !isPipe()) return null;
  const first = lookIntoPipe();
  if (first === null) {
    // CI systems give such a pipe to every command; a training that failed at once leaves one too.
    output.note("Nothing comes through the pipe on stdin, so the newest version is judged.");
    return null;
  }
  const waiting = setTimeout(() => {
    output.note(
      "Waiting for what training prints on stdin, which is a pipe; to not wait, name a version with --model-version, or add </dev/null for the newest.",
    );
  }, quiet);
  const rest = await readStdinUpTo(limit).finally(() => clearTimeout(waiting));
  return parsed(Buffer.concat([first, rest]));
}

function isPipe(): boolean {
  try {
    return fstatSync(0).isFIFO();
  } catch {
    return false; // It is closed.
  }
}

/** What lies in the pipe on stdin now, without waiting for more; null where it is empty and nobody can write to it. */
function lookIntoPipe(): Buffer | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync("/dev/stdin", constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(limit);
    const length = readSync(descriptor, bytes);
    return length === 0 ? null : bytes.subarray(0, length);
  } catch {
    return Buffer.alloc(0); // It is empty, and somebody may write to it yet.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function parsed(bytes: Buffer): TrainingResult {
  const text = bytes.toString("utf8").trim();
  const result = asTrainingResult(text);
  if (result) return result;
  const got = text === "" ? "Nothing" : `"${text.slice(0, 200)}"`;
  throw usageError(
    `${got} is not what training prints: pass {"run_id": ..., "model_version": ...}, or - to read it from stdin, or name a version with --model-version.`,
  );
}
