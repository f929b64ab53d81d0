import { sha256 } from "../strict/canonical";
import { z } from "zod";
import { fieldText, itemTexts } from "../strict/json-text";
import { type JsonLimits, parseStrictJson, StrictJsonError } from "../strict/strict-json";
import type { CandidatePin } from "./candidate";
import { RegistryClient } from "./client";
import { quoted } from "./errors";
import { artifactPath } from "./artifact-paths";
import { digestSchema, type Evidence } from "./evidence";

/** What the admitted evidence says of the kept answers. */
export type NamedAnswers = NonNullable<Evidence["answers"]>;

/**
 * What a version's scorer answered when it was evaluated: the run artifact `tollgate/answers-<version>.json`, whose
 * sha256 is in the evidence. A release asks the new scorers some of these rows again.
 */
const keptAnswersSchema = z
  .strictObject({
    schema: z.literal("tollgate.answers/1"),
    model: z.strictObject({
      name: z.string().min(1),
      version: z.string().regex(/^[1-9][0-9]*$/),
      digest: digestSchema,
    }),
    /** sha256 of the evaluation data that the rows are from. */
    data: digestSchema,
    /** Names of the columns by the model's signature; null where it names none. */
    columns: z.array(z.string()).min(1).nullable(),
    /** As a caller sends them in `{"features": rows}` to `POST /predict`. */
    rows: z.array(z.union([z.array(z.unknown()).min(1), z.record(z.string(), z.unknown())])).min(1),
    /** The scorer's answer to each row, as its JSON had it; whole numbers beyond 2^53 as BigInts. */
    answers: z.array(z.unknown()).min(1),
  })
  .refine(({ rows, answers }) => rows.length === answers.length, {
    path: ["answers"],
    message: "there must be one for each row",
  })
  .refine(
    ({ columns, rows }) =>
      !columns || rows.every((row) => !Array.isArray(row) || row.length === columns.length),
    { path: ["rows"], message: "each list must have a value for each column" },
  );

export type KeptAnswers = Omit<z.output<typeof keptAnswersSchema>, "rows"> & {
  /** Each a list or an object as JSON, exactly as it was kept: a number that was read and written may be another one. */
  readonly rows: readonly string[];
};

const mostBytes = 32 * 1024 * 1024;

/** The evaluation keeps within them (`serving/tollgate_serving/kept_answers.py`), whatever the values are. */
export const keptAnswersLimits: JsonLimits = { bytes: mostBytes, depth: 16, values: mostBytes };

/**
 * Longest wait for an answer, in seconds: the document is far larger than evidence, and a release in a cluster comes here by
 * a tunnel, which may stand still for longer than a server takes for an answer.
 */
const patientSeconds = 60;

/**
 * The kept answers of a version, from its run in the registry.
 *
 * @throws Error one clause: they aren't there, aren't those that the evidence names, or can't be read
 */
export async function fetchKeptAnswers(
  client: RegistryClient,
  pin: CandidatePin,
  named: NamedAnswers,
): Promise<KeptAnswers> {
  const { options } = client;
  const timeoutSeconds = Math.max(options.timeoutSeconds, patientSeconds);
  const patient = new RegistryClient({ ...options, timeoutSeconds });
  const path = artifactPath("answers", pin);
  const { runId } = await patient.getModelVersion(pin.name, pin.version);
  if (!runId) throw new Error(`its version has no run that could hold its kept answers`);
  const bytes = await patient.artifacts.findRunArtifact(runId, path, keptAnswersLimits.bytes);
  if (!bytes) {
    throw new Error(`its kept answers (${path} in run ${runId}) are gone; ${evaluateAgain}`);
  }
  return readKeptAnswers(bytes, pin, named);
}

const evaluateAgain = "run `tollgate evaluate` for it again";

/**
 * Reads the document, when it is the one that the evidence names.
 *
 * @throws Error one clause, such as `its kept answers have the digest …, but its evidence names …`
 */
export function readKeptAnswers(
  bytes: Uint8Array,
  pin: CandidatePin,
  named: NamedAnswers,
): KeptAnswers {
  const digest = sha256(bytes);
  if (digest !== named.digest) {
    throw new Error(
      `its kept answers have the digest ${digest}, but its evidence names ${named.digest}; ${evaluateAgain}`,
    );
  }
  const answers = parsed(bytes);
  const { model, rows } = answers;
  for (const fact of ["name", "version", "digest"] as const) {
    if (model[fact] === pin[fact]) continue;
    throw new Error(
      `its kept answers are of ${fact} ${quoted(model[fact], 80)}, the pin says ${pin[fact]}; ${evaluateAgain}`,
    );
  }
  if (rows.length !== named.rows) {
    throw new Error(
      `its kept answers are ${rows.length} rows, but its evidence names ${named.rows}; ${evaluateAgain}`,
    );
  }
  return answers;
}

function parsed(bytes: Uint8Array): KeptAnswers {
  let document: unknown;
  try {
    document = parseStrictJson(bytes, keptAnswersLimits, { exact: true, escapes: true });
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw unreadable(error.message);
  }
  const result = keptAnswersSchema.safeParse(document);
  if (result.success) {
    const rows = fieldText(new TextDecoder().decode(bytes), "rows")!;
    return { ...result.data, rows: itemTexts(rows) };
  }
  const { path, message } = result.error.issues[0]!;
  throw unreadable(`${path.map(String).join(".") || "the document"}: ${message}`);
}

function unreadable(why: string): Error {
  return new Error(`its kept answers can't be read, ${quoted(why, 160)}; ${evaluateAgain}`);
}
