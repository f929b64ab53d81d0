import crypto from "node:crypto";
import {
  type AllowedSigner,
  allowsNamespace,
  type PublicKey,
  readAllowedSigners,
  readRevokedKeys,
} from "./allowed-signers";
import { openEnvelope, payloadType, preAuthenticationEncoding } from "./dsse";
import { type Predicates, readStatement, signedAt } from "./statement";
import type { Purpose, Signer, SignatureProblem, Trust, Verified } from "./types";

/**
 * Does an envelope hold a statement of this purpose, signed by a key that may sign it? Never throws: whatever is wrong
 * is a problem with its own code. What the statement says, and whether it has expired, is for the caller to judge.
 *
 * @param envelope DSSE envelope as stored, null when there is none
 * @param at when the key must have been valid, ISO 8601. @default the time that the statement itself names
 */
export function verify<P extends Purpose>(
  envelope: string | null,
  purpose: P,
  trust: Trust,
  at?: string,
): Verified<Predicates[P]> {
  if (envelope === null) return problem("signature-missing", "it isn't signed");
  const opened = openEnvelope(envelope);
  if ("unreadable" in opened) return problem("signature-unreadable", opened.unreadable);
  const people = readTrust(trust);
  if ("unreadable" in people) return problem("signers-unreadable", people.unreadable);

  const { keyId, payload, signature } = opened;
  const lines = people.signers.filter(({ key }) => key.keyId === keyId);
  const revoked = people.revoked.some((key) => key.keyId === keyId);
  const [first] = lines;
  if (!first) return revoked ? isRevoked(keyId) : isUnknown(keyId, people.signers);
  if (!signedBy(first.key, payload, signature)) {
    return problem("signature-invalid", `it was not signed as it stands by the key ${keyId}`);
  }
  if (revoked) return isRevoked(keyId);

  const statement = readStatement(payload, purpose);
  if ("unreadable" in statement) return problem("signature-unreadable", statement.unreadable);
  const judged = signerFor(lines, purpose, at ?? signedAt(statement));
  return "problem" in judged ? judged : { statement, signer: judged.signer };
}

/**
 * Would a signature of this purpose count, if this key made it now? Asked before something is done that takes long.
 *
 * @param at when it would be signed, ISO 8601
 * @returns why not; null when it would
 */
export function keyProblem(
  keyId: string,
  purpose: Purpose,
  trust: Trust,
  at: string,
): SignatureProblem | null {
  const people = readTrust(trust);
  if ("unreadable" in people) return problem("signers-unreadable", people.unreadable).problem;
  if (people.revoked.some((key) => key.keyId === keyId)) return isRevoked(keyId).problem;
  const lines = people.signers.filter(({ key }) => key.keyId === keyId);
  if (lines.length === 0) return isUnknown(keyId, people.signers).problem;
  const judged = signerFor(lines, purpose, at);
  return "problem" in judged ? judged.problem : null;
}

/** Whose key it is, when one of its lines lets it sign this at that time. */
function signerFor(
  lines: readonly AllowedSigner[],
  purpose: Purpose,
  time: string,
): { signer: Signer } | { problem: SignatureProblem } {
  const { keyId } = lines[0]!.key;
  const signer = signerOf(keyId, lines);
  const namespace = `tollgate-${purpose}`;
  const allowed = lines.filter((line) => allowsNamespace(line, namespace));
  if (allowed.length === 0) {
    const who = signer.principals.join(", ");
    return problem("signer-not-allowed", `the key of ${who} may not sign for ${namespace}`);
  }
  if (allowed.some((line) => isValid(line, Date.parse(time)))) return { signer };
  return problem("key-not-valid-then", `the key ${keyId} was not valid at ${time}`);
}

/**
 * Every signer of an allowed-signers file, a key each, with all names it is listed under on any line.
 *
 * @throws SignersError that names the line
 */
export function signersIn(text: string): Signer[] {
  return signersOf(readAllowedSigners(text));
}

/** The signers of an allowed-signers file's lines. */
export function signersOf(lines: readonly AllowedSigner[]): Signer[] {
  const keyIds = [...new Set(lines.map(({ key }) => key.keyId))];
  return keyIds.map((keyId) =>
    signerOf(
      keyId,
      lines.filter(({ key }) => key.keyId === keyId),
    ),
  );
}

function signerOf(keyId: string, lines: readonly AllowedSigner[]): Signer {
  const names = lines.flatMap(({ principals }) => principals.map((name) => name.toLowerCase()));
  return { keyId, principals: [...new Set(names)] };
}

function readTrust(
  trust: Trust,
): { signers: AllowedSigner[]; revoked: PublicKey[] } | { unreadable: string } {
  let file = "allowed-signers";
  try {
    const signers = readAllowedSigners(trust.signers);
    file = "revoked-keys";
    return { signers, revoked: readRevokedKeys(trust.revoked) };
  } catch (error) {
    return { unreadable: `${(error as Error).message} in the ${file} file` };
  }
}

function signedBy({ bytes }: PublicKey, payload: Buffer, signature: Buffer): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") };
  const key = crypto.createPublicKey({ key: jwk, format: "jwk" });
  return crypto.verify(null, preAuthenticationEncoding(payloadType, payload), key, signature);
}

/** A time that can't be read is in no range. */
function isValid({ validAfter, validBefore }: AllowedSigner, time: number): boolean {
  if (Number.isNaN(time)) return false;
  return (
    (validAfter === null || time >= validAfter) && (validBefore === null || time <= validBefore)
  );
}

function isRevoked(keyId: string) {
  return problem("key-revoked", `its key ${keyId} is revoked`);
}

function isUnknown(keyId: string, signers: readonly AllowedSigner[]) {
  const why =
    signers.length === 0 ? "the allowed-signers file names nobody" : "no allowed signer has it";
  return problem("signer-unknown", `its key ${shortKeyId(keyId)} is unknown, as ${why}`);
}

/** A key id comes from the envelope as anybody wrote it, so it is shown only when it looks like one. */
function shortKeyId(keyId: string): string {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(keyId) ? keyId : "(no fingerprint)";
}

function problem(code: SignatureProblem["code"], reason: string): { problem: SignatureProblem } {
  return { problem: { code, reason } };
}
