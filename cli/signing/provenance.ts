import { createReadStream, existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import packageJson from "../../package.json";
import type { PinnedVersion } from "../../policies/gate";
import type { Training } from "../../policies/training";
import type { ModelVersion, RegistryClient } from "../../registry/client";
import type { TrainingFacts } from "../../trust/provenance";
import type { Context } from "../context";
import { CliError } from "../errors";
import { publicKeyOf, signStatement } from "./signing";

/** The key that will sign a training once it has ended. Only its public half is known before. */
export interface TrainingKey {
  /** Absolute. */
  readonly file: string;
  /** OpenSSH fingerprint, `SHA256:…`. */
  readonly keyId: string;
}

/**
 * The key to sign a training with: the file given, else the one that TOLLGATE_SIGNING_KEY names, never a key that
 * happens to lie about. Asked before the training, so that nobody waits for one that can't count.
 *
 * @param given `--key`
 * @returns null when there is none: the training stays unsigned, which is told where the stack's gates refuse that
 * @throws CliError when the gate training-signed stops releases here and this key may not sign for it
 */
export async function trainingKey(
  { output }: Context,
  settings: Settings,
  given: unknown,
): Promise<TrainingKey | null> {
  const { stack, gates, projectDir, signers } = settings;
  const wanted = gates["training-signed"]?.level === "mandatory";
  const named = (typeof given === "string" && given) || process.env.TOLLGATE_SIGNING_KEY;
  if (!named) {
    if (wanted) {
      output.note(
        `Nobody signs this training, so ${stack} will refuse the version: give --key <file>, or set TOLLGATE_SIGNING_KEY.`,
        "yellow",
      );
    }
    return null;
  }
  const file = resolve(named);
  const { keyId, text } = await publicKeyOf(settings, file);
  const { trustOf } = await import("../../config/signers");
  const { keyProblem } = await import("../../trust/verify");
  const problem = keyProblem(keyId, "training", trustOf(settings), new Date().toISOString());
  if (!problem) return { file, keyId };
  const line = `<who> namespaces="tollgate-training" ${text}`;
  const sentence = `A training that ${file} signs would not count in ${stack}, as ${problem.reason}: give another --key, or have this line reviewed in ${relative(projectDir, signers)}: ${line}`;
  if (wanted) throw new CliError(problem.code, sentence);
  output.note(sentence, "yellow");
  return { file, keyId };
}

/** What of a training is known without its key. */
export type UnsignedFacts = Omit<
  TrainingFacts,
  "keyId" | "tollgate" | "requirementsDigest" | "evaluationDataDigest"
>;

/**
 * Signs how a version was made and stores that beside its run. Runs after the training has ended: the key is read by a
 * process of its own, which never saw the training.
 *
 * @throws CliError when the key can't be used; the version is registered then, and unsigned
 */
export async function signTraining(
  settings: Settings,
  client: RegistryClient,
  { file, keyId }: TrainingKey,
  pin: PinnedVersion,
  facts: UnsignedFacts,
): Promise<void> {
  const { provenancePredicate } = await import("../../trust/provenance");
  const { statementAbout } = await import("../../trust/statement");
  const { storeProvenance } = await import("../../registry/provenance");
  const predicate = provenancePredicate({
    ...facts,
    keyId,
    tollgate: packageJson.version,
    requirementsDigest: await sha256OfFile(settings.requirements),
    evaluationDataDigest: await evaluationDataOf(settings),
  });
  const statement = JSON.stringify(statementAbout(pin, "training", predicate));
  try {
    const envelope = await signStatement(settings, file, keyId, statement);
    await storeProvenance(client, facts.runId, pin, envelope);
  } catch (error) {
    throw new CliError(
      error instanceof CliError ? error.code : "signing",
      `${pin.name} version ${pin.version} is trained and registered, but its training isn't signed: ${(error as Error).message} Train it again with a key that can be used.`,
    );
  }
}

/** Of the file at hand, which training may read: what the settings pin may be another one. */
async function evaluationDataOf({ evaluation, projectDir }: Settings): Promise<string | null> {
  const file = evaluation && resolve(projectDir, evaluation.data);
  return file && existsSync(file) ? sha256OfFile(file) : null;
}

async function sha256OfFile(file: string): Promise<string> {
  const { sha256Of } = await import("../../registry/digest");
  return `sha256:${await sha256Of(createReadStream(file))}`;
}

/**
 * What one who may train for a stack has signed about a registered version; null when nobody has.
 *
 * @param settings of the stack whose signers count
 * @param client the registry that the version is in
 */
export async function provenTraining(
  settings: Settings,
  client: RegistryClient,
  { runId }: Pick<ModelVersion, "runId">,
  pin: PinnedVersion,
): Promise<Training | null> {
  const { fetchProvenance } = await import("../../registry/provenance");
  const { trainingOf } = await import("../../policies/training");
  const { trustOf } = await import("../../config/signers");
  const provenance = runId && (await fetchProvenance(client, runId, pin));
  if (!provenance) return null;
  return trainingOf({ stack: settings.stack, pin, provenance, trust: trustOf(settings) });
}
