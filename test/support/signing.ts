import crypto from "node:crypto";
import { payloadType, preAuthenticationEncoding } from "../../trust/dsse";
import {
  modelSubject,
  type Predicates,
  predicateTypes,
  statementType,
} from "../../trust/statement";
import type { Envelope, Purpose, Statement, Trust } from "../../trust/types";

/** An Ed25519 key of a test. The same name always gives the same key. */
export interface TestKey {
  readonly name: string;
  /** OpenSSH fingerprint. */
  readonly keyId: string;
  /** `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  readonly privateKey: crypto.KeyObject;
  /** PKCS8, for a key file. */
  readonly pem: string;
}

const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

export function testKey(name: string): TestKey {
  const seed = crypto.createHash("sha256").update(`test key of ${name}`).digest();
  const privateKey = crypto.createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = crypto.createPublicKey(privateKey).export({ format: "jwk" });
  const blob = Buffer.concat([field("ssh-ed25519"), field(Buffer.from(x, "base64url"))]);
  const hash = crypto.createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return {
    name,
    keyId: `SHA256:${hash}`,
    publicKey: `ssh-ed25519 ${blob.toString("base64")}`,
    privateKey,
    pem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

type Subject = Statement<unknown>["subject"];

/**
 * A signed DSSE envelope as one line.
 *
 * @param subject default: the version that an approval or a waiver names; evidence and training need their own
 */
export function signedLine<P extends Purpose>(
  key: TestKey,
  purpose: P,
  predicate: Predicates[P],
  subject: Subject = subjectOf(predicate),
): string {
  const statement = {
    _type: statementType,
    subject,
    predicateType: predicateTypes[purpose],
    predicate,
  };
  return signedPayload(key, Buffer.from(JSON.stringify(statement)));
}

/** Any bytes, signed: for statements that nobody should write. */
export function signedPayload(key: TestKey, payload: Buffer): string {
  const encoded = preAuthenticationEncoding(payloadType, payload);
  const envelope: Envelope = {
    payloadType,
    payload: payload.toString("base64"),
    signatures: [
      { keyid: key.keyId, sig: crypto.sign(null, encoded, key.privateKey).toString("base64") },
    ],
  };
  return JSON.stringify(envelope);
}

function subjectOf(predicate: Predicates[Purpose]): Subject {
  if (!("model" in predicate)) throw new Error("evidence and training need their subjects given");
  return [modelSubject({ ...predicate, name: predicate.model })];
}

/** One line of an allowed-signers file; a key alone is listed under its name, for every purpose. */
export interface SignerEntry {
  readonly key: TestKey;
  /** @default the key's name */
  readonly principals?: readonly string[];
  /** @default any */
  readonly purposes?: readonly Purpose[];
  /** Further options, such as `valid-before="20260101Z"`. */
  readonly options?: string;
}

/** An allowed-signers file. */
export function signersOf(...entries: readonly (TestKey | SignerEntry)[]): string {
  return entries
    .map((entry) => ("key" in entry ? entry : { key: entry }))
    .map(({ key, principals = [key.name], purposes, options }: SignerEntry) => {
      const namespaces =
        purposes && `namespaces="${purposes.map((each) => `tollgate-${each}`).join(",")}"`;
      const given = [namespaces, options].filter(Boolean).join(",");
      return `${[principals.join(","), given, key.publicKey].filter(Boolean).join(" ")}\n`;
    })
    .join("");
}

/** Trust in these signers, with nobody revoked unless said. */
export function trustIn(
  entries: readonly (TestKey | SignerEntry)[],
  revoked: readonly TestKey[] = [],
): Trust {
  return {
    signers: signersOf(...entries),
    revoked: revoked.map(({ publicKey }) => `${publicKey}\n`).join(""),
  };
}
