import { z } from "zod";
import { parseStrictJson } from "../strict/strict-json";
import { openEnvelope, placeOf, signedLimits } from "./dsse";
import { provenanceSchema, provenanceType } from "./provenance";
import type {
  ApprovalPredicate,
  EvidencePredicate,
  ProvenancePredicate,
  Purpose,
  Statement,
  WaiverPredicate,
} from "./types";

export const statementType = "https://in-toto.io/Statement/v1";

/** What a statement is about, by what its signature is for. */
export const predicateTypes: Readonly<Record<Purpose, string>> = {
  evidence: "https://tollgate.dev/evidence/v1",
  training: provenanceType,
  approval: "https://tollgate.dev/approval/v1",
  waiver: "https://tollgate.dev/waiver/v1",
};

/** The predicate of each purpose. */
export interface Predicates {
  evidence: EvidencePredicate;
  training: ProvenancePredicate;
  approval: ApprovalPredicate;
  waiver: WaiverPredicate;
}

/** Shortest reason of a waiver, in characters. */
export const shortestReason = 10;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const text = z.string().trim().min(1).max(2000);
const pinned = {
  stack: text,
  model: text,
  version: z.string().regex(/^[1-9][0-9]*$/),
  digest,
  at: z.iso.datetime(),
  expires: z.iso.datetime(),
};

const measured = z.union([z.number(), z.string()]).nullable();
const refusal = z.strictObject({
  subject: z.string().nullable(),
  code: text,
  value: measured,
  threshold: measured,
});

const predicateSchemas = {
  evidence: z.strictObject({ evidence: text, signedAt: z.iso.datetime() }),
  training: provenanceSchema,
  approval: z.strictObject({
    approver: text,
    ...pinned,
    plan: digest,
    evidence: digest.optional(),
    comment: z.string().max(2000).optional(),
  }),
  waiver: z.strictObject({
    gate: text,
    ...pinned,
    evidence: digest.optional(),
    refusals: z.array(refusal).max(1000).optional(),
    reason: text.min(shortestReason),
    owner: text,
  }),
} satisfies { [P in Purpose]: z.ZodType<Predicates[P]> };

const subjectSchema = z.strictObject({
  name: text,
  digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** `models:/<name>/<version>` with its digest: the subject of everything that is signed about a version. */
export function modelSubject(pin: {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}): Statement<unknown>["subject"][0] {
  return {
    name: `models:/${pin.name}/${pin.version}`,
    digest: { sha256: pin.digest.replace(/^sha256:/, "") },
  };
}

/** The statement that is signed for an approval or a waiver, about the version that it names. */
export function statementOf<P extends "approval" | "waiver">(
  purpose: P,
  predicate: Predicates[P],
): Statement<Predicates[P]> {
  const { model: name, version, digest: bytes } = predicate;
  return statementAbout({ name, version, digest: bytes }, purpose, predicate);
}

/** The statement that is signed about exactly one version. */
export function statementAbout<P extends Purpose>(
  pin: Parameters<typeof modelSubject>[0],
  purpose: P,
  predicate: Predicates[P],
): Statement<Predicates[P]> {
  return {
    _type: statementType,
    subject: [modelSubject(pin)],
    predicateType: predicateTypes[purpose],
    predicate,
  };
}

/** When a statement says that it was signed, ISO 8601, UTC. */
export function signedAt({ predicate }: Statement<Predicates[Purpose]>): string {
  if ("runDetails" in predicate) return predicate.runDetails.metadata.finishedOn;
  return "signedAt" in predicate ? predicate.signedAt : predicate.at;
}

/**
 * Reads a statement strictly: no unknown or double key, and the predicate of one purpose. The subject of an approval or
 * a waiver must be the version that its predicate names.
 *
 * @returns the statement, or why it can't be read, as a clause
 */
export function readStatement<P extends Purpose>(
  payload: Buffer,
  purpose: P,
): Statement<Predicates[P]> | { unreadable: string } {
  let value: unknown;
  try {
    value = parseStrictJson(payload, signedLimits);
  } catch (error) {
    return { unreadable: `what it signs can't be read, as ${(error as Error).message}` };
  }
  const { data, error } = statementSchemas[purpose].safeParse(value);
  if (!data) {
    return { unreadable: `it isn't ${named[purpose]}, see ${placeOf(error.issues[0]!)}` };
  }
  const { predicate, subject } = data;
  if ("model" in predicate) {
    const wanted = modelSubject({ ...predicate, name: predicate.model });
    const [first, ...more] = subject;
    if (first?.name !== wanted.name || first.digest.sha256 !== wanted.digest.sha256 || more[0]) {
      return { unreadable: `its subject isn't the version that it names, ${wanted.name}` };
    }
  }
  return data as unknown as Statement<Predicates[P]>;
}

/**
 * What an envelope claims, whoever signed it or nobody: to tell which version a line is about, never to believe it.
 *
 * @returns the statement, or why it can't be read, as a clause
 */
export function readClaim<P extends Purpose>(
  envelope: string,
  purpose: P,
): Statement<Predicates[P]> | { unreadable: string } {
  const opened = openEnvelope(envelope);
  return "unreadable" in opened ? opened : readStatement(opened.payload, purpose);
}

/** What a statement of each purpose is called. */
const named: Readonly<Record<Purpose, string>> = {
  evidence: "a signed evidence",
  training: "a provenance that `tollgate train` signed",
  approval: "a signed approval",
  waiver: "a signed waiver",
};

const statementSchemas = {
  evidence: statementSchema("evidence"),
  training: statementSchema("training"),
  approval: statementSchema("approval"),
  waiver: statementSchema("waiver"),
};

function statementSchema<P extends Purpose>(purpose: P) {
  return z.strictObject({
    _type: z.literal(statementType),
    subject: z.array(subjectSchema).min(1).max(100),
    predicateType: z.literal(predicateTypes[purpose]),
    predicate: predicateSchemas[purpose],
  });
}
