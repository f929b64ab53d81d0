import crypto from "node:crypto";
import { decodeBase64 } from "./dsse";

/** An Ed25519 public key as OpenSSH writes it. */
export interface PublicKey {
  /** OpenSSH fingerprint, `SHA256:…`. */
  readonly keyId: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly text: string;
  /** The 32 bytes of the key. */
  readonly bytes: Buffer;
}

/** One line of an allowed-signers file. */
export interface AllowedSigner {
  /** Counted from 1. */
  readonly line: number;
  /** Names as written. */
  readonly principals: readonly string[];
  /** Namespaces the key may sign for; null for any. */
  readonly namespaces: readonly string[] | null;
  /** Milliseconds since 1970 from which and until which the key is valid, both included; null for no limit. */
  readonly validAfter: number | null;
  readonly validBefore: number | null;
  readonly key: PublicKey;
}

/** A line that can't be used. Its message is a clause such as `line 3 has no key`. */
export class SignersError extends Error {
  override readonly name = "SignersError";

  constructor(line: number, what: string) {
    super(`line ${line} ${what}`);
  }
}

const keyType = "ssh-ed25519";

/**
 * Reads an allowed-signers file, see ALLOWED SIGNERS in ssh-keygen(1). One line that can't be used makes the whole
 * file unusable: what it says could be that two names are one person.
 *
 * Three things are narrower than OpenSSH. Keys are Ed25519 only. Principals are names, not patterns, as people are
 * counted by them. Times without a Z are UTC, not the machine's zone, so that every machine judges alike.
 *
 * @throws SignersError that names the line
 */
export function readAllowedSigners(text: string): AllowedSigner[] {
  return usedLines(text).map(({ content, line }) => {
    const fields = new FieldReader(content, line);
    const principals = namesOf(fields.next("has no principal"), line);
    let field = fields.next("has no key");
    const options = isKeyType(field) ? new Map<string, string>() : optionsOf(field, line);
    if (!isKeyType(field)) field = fields.next("has no key");
    return {
      line,
      principals,
      namespaces: options.get("namespaces")?.split(",") ?? null,
      validAfter: timeOf(options.get("valid-after"), line),
      validBefore: timeOf(options.get("valid-before"), line),
      key: publicKeyOf(field, fields.next("has no key"), line),
    };
  });
}

/**
 * Reads a revoked-keys file: a public key a line, with a comment or without.
 *
 * @throws SignersError that names the line
 */
export function readRevokedKeys(text: string): PublicKey[] {
  return usedLines(text).map(({ content, line }) => {
    const [type = "", blob = ""] = content.split(/\s+/);
    return publicKeyOf(type, blob, line);
  });
}

/** May a line's key sign for a namespace? A line without `namespaces` allows any, as in OpenSSH. */
export function allowsNamespace({ namespaces }: AllowedSigner, namespace: string): boolean {
  if (!namespaces) return true;
  const matching = namespaces.filter((each) => matches(each.replace(/^!/, ""), namespace));
  return matching.length > 0 && !matching.some((each) => each.startsWith("!"));
}

/** Lines that say something, without a byte order mark. */
function usedLines(text: string): { content: string; line: number }[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((content, index) => ({ content: content.trim(), line: index + 1 }))
    .filter(({ content }) => content !== "" && !content.startsWith("#"));
}

/** Fields separated by white space, where quotes hold white space together. */
class FieldReader {
  private rest: string;

  constructor(
    content: string,
    private readonly line: number,
  ) {
    this.rest = content;
  }

  next(otherwise: string): string {
    const field = /^(?:"[^"]*"|[^\s"])+/.exec(this.rest)?.[0];
    if (field === undefined) throw new SignersError(this.line, otherwise);
    const after = this.rest.slice(field.length);
    if (after !== "" && !/^\s/.test(after)) {
      throw new SignersError(this.line, "has a quote that isn't closed");
    }
    this.rest = after.trimStart();
    return field;
  }
}

function namesOf(field: string, line: number): string[] {
  const names = field.replaceAll('"', "").split(",");
  for (const name of names) {
    if (name.trim() === "") throw new SignersError(line, "has an empty principal");
    if (/[*?!]/.test(name)) {
      throw new SignersError(line, `names the pattern ${name}, and every principal must be a name`);
    }
  }
  return names;
}

const optionPattern = /^([A-Za-z-]+)(?:="([^"]*)")?$/;

function optionsOf(field: string, line: number): Map<string, string> {
  const options = new Map<string, string>();
  // A comma inside quotes doesn't separate.
  for (const option of field.match(/(?:"[^"]*"|[^,])+/g) ?? []) {
    const [, written = "", value] = optionPattern.exec(option) ?? [];
    const name = written.toLowerCase();
    if (name === "cert-authority") {
      throw new SignersError(line, "is a cert-authority, which isn't supported");
    }
    if (!["namespaces", "valid-after", "valid-before"].includes(name)) {
      throw new SignersError(line, `has the unknown option or key type ${option.slice(0, 40)}`);
    }
    if (value === undefined || value === "") {
      throw new SignersError(line, `has no value for ${name}, write ${name}="…"`);
    }
    if (options.has(name)) throw new SignersError(line, `has ${name} twice`);
    options.set(name, value);
  }
  return options;
}

/** `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with a Z or without: UTC either way. */
function timeOf(written: string | undefined, line: number): number | null {
  if (written === undefined) return null;
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(written);
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = parts ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  // A day such as the 30th of February would otherwise become another one.
  if (!parts || Number.isNaN(time) || new Date(time).toISOString() !== iso) {
    throw new SignersError(line, `has the time ${written}, write YYYYMMDD or YYYYMMDDHHMMSSZ`);
  }
  return time;
}

function isKeyType(field: string): boolean {
  return /^(ssh|ecdsa|sk-ssh|sk-ecdsa|rsa)-/.test(field);
}

/** The wire form: a length and the type's name, a length and the key's 32 bytes. */
function publicKeyOf(type: string, base64: string, line: number): PublicKey {
  if (type !== keyType) {
    if (type.startsWith("-----BEGIN")) {
      throw new SignersError(line, "is no public key; give the line of the .pub file beside it");
    }
    const what = type.slice(0, 40);
    throw new SignersError(line, `has a key of type ${what}, and only ${keyType} keys are taken`);
  }
  const blob = decodeBase64(base64);
  const head = Buffer.concat([lengthOf(keyType.length), Buffer.from(keyType), lengthOf(32)]);
  if (blob?.length !== head.length + 32 || !blob.subarray(0, head.length).equals(head)) {
    throw new SignersError(line, `has a broken ${keyType} key`);
  }
  return {
    keyId: `SHA256:${crypto.createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    text: `${keyType} ${base64}`,
    bytes: blob.subarray(head.length),
  };
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** OpenSSH's patterns: `*` for any characters, `?` for one. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}
