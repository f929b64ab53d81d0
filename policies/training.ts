import type { Evidence } from "../registry/evidence";
import { canonicalJson } from "../strict/canonical";
import { trainingFacts, type TrainingFacts } from "../trust/provenance";
import { modelSubject } from "../trust/statement";
import type { Signer, SignatureProblem, Statement } from "../trust/types";
import { verify } from "../trust/verify";
import type { Candidate, PinnedVersion } from "./gate";

/** How a version was made, as one who may train here has signed it. */
export interface Training extends TrainingFacts {
  readonly signer: Signer;
  /** The signer's names, as sentences have them. */
  readonly by: string;
  /** Number of the version in the registry of the environment that it was trained in. */
  readonly version: string;
  /** Do these bytes come from another environment's registry? */
  readonly copied: boolean;
}

/** Why nobody proved how a version was made; a clause without a full stop. */
export interface TrainingProblem {
  readonly code: SignatureProblem["code"] | "signature-for-another";
  readonly reason: string;
  /** What should have been signed and wasn't. */
  readonly threshold?: string;
}

export type Proof = { readonly training: Training } | { readonly problem: TrainingProblem };

/** What of a candidate a proof is judged by. */
export type TrainingClaim = Pick<Candidate, "stack" | "pin" | "provenance" | "trust">;

/** Signatures take a tenth of a millisecond to verify, and several gates ask of the same candidate. */
const known = new WeakMap<TrainingClaim, Proof>();

/**
 * Is there a provenance about exactly this version and its bytes, signed by somebody who may train for this stack? Bytes
 * that were copied from another environment have the number they got there: the same name and the same digest is
 * what counts then, because what was signed is how these bytes were made.
 */
export function proofOf(candidate: TrainingClaim): Proof {
  const before = known.get(candidate);
  if (before) return before;
  const proof = prove(candidate);
  known.set(candidate, proof);
  return proof;
}

/** The proven training; null when nothing is proven. */
export function trainingOf(candidate: TrainingClaim): Training | null {
  const proof = proofOf(candidate);
  return "training" in proof ? proof.training : null;
}

function prove({ stack, pin, provenance, trust }: TrainingClaim): Proof {
  const verified = verify(provenance, "training", trust);
  if ("problem" in verified) return verified;
  const { statement, signer } = verified;
  const facts = trainingFacts(statement.predicate);
  const by = signer.principals.join(", ");
  if (facts.keyId !== signer.keyId) {
    const reason = `it names the key ${facts.keyId}, but that of ${by} signed it`;
    return { problem: { code: "signature-for-another", reason } };
  }
  const version = versionIn(statement, pin);
  const copied = facts.stack !== stack;
  if (version === null || (!copied && version !== pin.version)) {
    const [subject] = statement.subject;
    const reason = `${by} signed it for ${subject!.name} of ${facts.stack} with the digest sha256:${subject!.digest.sha256.slice(0, 12)}`;
    return { problem: { code: "signature-for-another", reason, threshold: pin.digest } };
  }
  return { training: { ...facts, signer, by, version, copied } };
}

/** Number of the version that a statement is about; null when it isn't about this model's bytes, or about more. */
function versionIn({ subject }: Statement<unknown>, pin: PinnedVersion): string | null {
  const [only, ...more] = subject;
  const version = /^models:\/.*\/([1-9][0-9]*)$/.exec(only?.name ?? "")?.[1];
  if (!only || !version || more.length > 0) return null;
  const wanted = modelSubject({ ...pin, version });
  return only.name === wanted.name && only.digest.sha256 === wanted.digest.sha256 ? version : null;
}

/** What a version was made from. */
export interface KnownLineage {
  /** As signed where that is proven, else as the version's tags say it. */
  readonly lineage: Evidence["lineage"];
  /** Who says so, at the end of a sentence: `, as ann@example.com signed` or `, say unsigned tags`. */
  readonly source: string;
}

/** The lineage in a candidate's evidence, with what is proven in place of what tags say. */
export function lineageOf(candidate: TrainingClaim, evidence: Evidence): KnownLineage {
  const training = trainingOf(candidate);
  if (!training) return { lineage: evidence.lineage, source: ", say unsigned tags" };
  const { gitCommit, gitDirty, dataVersion, trainingDataDigest, parameters, by, copied, runId } =
    training;
  return {
    lineage: {
      ...evidence.lineage,
      // A copy has a run of its own, in the registry it was copied to.
      runId: copied ? evidence.lineage.runId : runId,
      gitCommit,
      gitDirty,
      author: by,
      dataVersion,
      trainingDataDigest,
      parameters: { ...parameters },
    },
    source: `, as ${by} signed`,
  };
}

/** A fact that tags and provenance say otherwise. */
export interface Contradiction {
  /** Such as `git commit`. */
  readonly what: string;
  readonly tagged: string;
  readonly signed: string;
}

/** What a version's tags, as the evidence has them, say otherwise than the one who trained it signed; in words. */
export function contradictions(training: Training, { lineage }: Evidence): Contradiction[] {
  const facts = [
    // A copy has a run of its own.
    ["run", training.copied ? training.runId : lineage.runId, training.runId],
    ["git commit", lineage.gitCommit, training.gitCommit],
    ["state of the working tree", treeOf(lineage.gitDirty), treeOf(training.gitDirty)],
    ["author", lineage.author || null, training.author],
    ["data version", lineage.dataVersion, training.dataVersion],
    ["training data", lineage.trainingDataDigest, training.trainingDataDigest],
    ["parameters", canonicalJson(lineage.parameters), canonicalJson(training.parameters)],
  ] as const;
  return facts
    .filter(([, tagged, signed]) => tagged !== signed)
    .map(([what, tagged, signed]) => ({
      what,
      tagged: shown(tagged),
      signed: shown(signed),
    }));
}

/** Tags are what anybody wrote, so no more is shown of one than tells it from another. */
function shown(value: unknown): string {
  return value === null ? "nothing" : String(value).slice(0, 100);
}

function treeOf(dirty: boolean | null): string | null {
  return dirty === null ? null : dirty ? "with uncommitted changes" : "clean";
}
