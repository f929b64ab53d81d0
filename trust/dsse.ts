import { z } from "zod";
import { type JsonLimits, parseStrictJson } from "../strict/strict-json";
import type { Envelope } from "./types";

/** Media type of every statement that Tollgate signs. */
export const payloadType = "application/vnd.in-toto+json";

/** What is read of an envelope, and of the statement in it: more than people sign, less than a parser chokes on. */
export const signedLimits: JsonLimits = { bytes: 1024 * 1024, depth: 20, values: 10_000 };

/** An envelope with its parts decoded. */
export interface OpenedEnvelope {
  readonly payload: Buffer;
  readonly keyId: string;
  readonly signature: Buffer;
}

/**
 * DSSE's pre-authentication encoding: what is signed in place of the payload, so that a payload can't be taken for
 * one of another type. https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
export function preAuthenticationEncoding(type: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).length(1),
}) satisfies z.ZodType<Envelope>;

/**
 * Reads an envelope strictly: at most 1 MB, no unknown or double key, one signature, base64 in its only form. What is
 * not exactly so may be read differently by another program.
 *
 * @returns the envelope, or why it can't be read, as a clause
 */
export function openEnvelope(text: string): OpenedEnvelope | { unreadable: string } {
  let value: unknown;
  try {
    value = parseStrictJson(Buffer.from(text), signedLimits);
  } catch (error) {
    return { unreadable: (error as Error).message };
  }
  const { data, error } = envelopeSchema.safeParse(value);
  if (!data) {
    return { unreadable: `it isn't a DSSE envelope, see ${placeOf(error.issues[0]!)}` };
  }
  const [{ keyid, sig }] = data.signatures as [Envelope["signatures"][0]];
  const payload = decodeBase64(data.payload);
  const signature = decodeBase64(sig);
  if (!payload || !signature) return { unreadable: "it holds text that isn't base64" };
  return { payload, keyId: keyid, signature };
}

/** The bytes of canonical base64 (padded, no other characters); null for anything else. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

/** Where a zod issue lies: `signatures.0.sig`, or `its keys` at the root. */
export function placeOf(issue: z.core.$ZodIssue): string {
  const key = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const place = [...issue.path, ...key].map(String).join(".");
  return place.slice(0, 80) || "its form";
}
