import { z } from "zod";
import { digestSchema } from "../registry/evidence";
import { canonicalJson, sha256 } from "../strict/canonical";

const pin = z.strictObject({ name: z.string(), version: z.string(), digest: digestSchema });

const verdict = z.strictObject({
  gate: z.string(),
  level: z.enum(["mandatory", "advisory"]),
  status: z.enum(["passed", "refused", "waived"]),
  passed: z.boolean(),
  subject: z.string().nullable(),
  code: z.string(),
  value: z.union([z.number(), z.string()]).nullable(),
  threshold: z.union([z.number(), z.string()]).nullable(),
  margin: z.number().nullable(),
  reason: z.string(),
  remedy: z.string(),
  waiver: z.strictObject({ owner: z.string(), reason: z.string(), expires: z.string() }).nullable(),
});

const loweredGate = z.strictObject({
  gate: z.string(),
  level: z.enum(["mandatory", "advisory", "disabled"]),
  /** Level by the stack's tier. */
  from: z.enum(["mandatory", "advisory", "disabled"]),
  /** E-mail of whoever committed the change of the stack's file; null when it isn't reviewed. */
  by: z.string().nullable(),
});

/** The record of one promotion: one line of `receipts.jsonl`. */
export const receiptSchema = z.strictObject({
  schema: z.literal("tollgate.receipt/2"),
  /** Position in the chain, from 1. */
  seq: z.int().positive(),
  /** When the release was complete, never earlier than any receipt before. ISO 8601, UTC. */
  at: z.iso.datetime(),
  stack: z.string(),
  pin,
  /** What was released before; null at the first release. */
  previousPin: pin.nullable(),
  /** sha256 of the evidence document, kept beside the receipts; null when it was released without (advisory gates). */
  evidenceDigest: digestSchema.nullable(),
  /** What the version was made from; null without evidence. */
  lineage: z
    .strictObject({
      gitCommit: z.string().nullable(),
      dataVersion: z.string().nullable(),
      /** What was signed of the training. Absent where nothing was proven: the rest is what unsigned tags said then. */
      proven: z
        .strictObject({
          /** The names that the signing key was listed under. */
          by: z.string(),
          /** Environment that it was trained in. */
          stack: z.string(),
          gitDirty: z.boolean().nullable(),
          trainingDataDigest: digestSchema,
          /** sha256 of the provenance, which is kept beside the receipts. */
          provenance: digestSchema,
        })
        .optional(),
    })
    .nullable(),
  /** What the gates said, under the thresholds in force. */
  verdicts: z.array(verdict),
  /** Version of Tollgate, which the gates are part of. */
  packVersion: z.string(),
  /** Digest of the gates' sources. */
  packDigest: digestSchema,
  /** What an approval had to approve: stack, pin, and every gate's level and settings. */
  plan: digestSchema,
  /** Gates that the stack's file puts below its tier's level. */
  lowered: z.array(loweredGate),
  /** The settings it was judged by, since receipts hold that. */
  settings: z
    .strictObject({
      /** Digest of the effective settings. */
      digest: digestSchema,
      /** Branch that they were compared with, as a full ref, and its commit; null: with none. */
      ref: z.string().nullable(),
      commit: z.string().nullable(),
      /** Were they the reviewed ones? Also where no branch is named. */
      asReviewed: z.boolean(),
    })
    .optional(),
  /** Commit of the project folder; null outside of git. */
  commit: z.string().nullable(),
  /** Were there changes that were not committed? Null outside of git. */
  dirty: z.boolean().nullable(),
  /** Who ran it: the CI's user, git's user.email or the login name. */
  actor: z.string(),
  /** The signed lines that were at hand: DSSE envelopes. */
  approvals: z.array(z.string()),
  waivers: z.array(z.string()),
  result: z.literal("released"),
  /** sha256 of the line before, hash and all; null in the first. */
  previous: digestSchema.nullable(),
  /** sha256 of this receipt as canonical JSON without this field. */
  hash: digestSchema,
});

export type Receipt = z.output<typeof receiptSchema>;

/** A receipt before it gets its place in the chain. */
export type ReceiptFacts = Omit<
  Receipt,
  "schema" | "seq" | "previousPin" | "result" | "previous" | "hash"
>;

/** The latest time that any receipt names, whatever their order; null without receipts. */
export function latestReceiptAt(receipts: readonly Pick<Receipt, "at">[]): string | null {
  return receipts.reduce<string | null>(
    (latest, { at }) => (latest !== null && Date.parse(latest) >= Date.parse(at) ? latest : at),
    null,
  );
}

/** The line of the chain, without its newline, that follows the last one. */
export function receiptLine(facts: ReceiptFacts, last: Receipt | null): string {
  const body: Omit<Receipt, "hash"> = {
    ...facts,
    schema: "tollgate.receipt/2",
    seq: (last?.seq ?? 0) + 1,
    previousPin: last?.pin ?? null,
    result: "released",
    previous: last ? sha256(canonicalJson(last)) : null,
  };
  return canonicalJson({ ...body, hash: sha256(canonicalJson(body)) });
}

/**
 * Reads one line and checks its place in the chain.
 *
 * @throws Error one clause on what is wrong, such as `its content does not match its hash`
 */
export function parseReceiptLine(line: Buffer, last: Receipt | null): Receipt {
  const receipt = parse(line);
  // Byte for byte: the same values written otherwise are not what was written.
  if (!Buffer.from(canonicalJson(receipt)).equals(line)) throw new Error("it was rewritten");
  const { hash, ...body } = receipt;
  if (sha256(canonicalJson(body)) !== hash) throw new Error("its content does not match its hash");
  if (receipt.seq !== (last?.seq ?? 0) + 1) {
    throw new Error(`its number is ${receipt.seq}, after ${last?.seq ?? 0}`);
  }
  if (receipt.previous !== (last ? sha256(canonicalJson(last)) : null)) {
    throw new Error("it does not follow from the line before");
  }
  return receipt;
}

function parse(line: Buffer): Receipt {
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch {
    throw new Error("it is not JSON");
  }
  const { success, data } = receiptSchema.safeParse(value);
  if (!success) throw new Error("it is not a receipt");
  return data;
}
