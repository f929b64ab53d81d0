import fs from "node:fs";
import path from "node:path";
import {
  type AllowedSigner,
  type PublicKey,
  readAllowedSigners,
  readRevokedKeys,
} from "../trust/allowed-signers";
import type { Purpose, Signer, Trust } from "../trust/types";
import { signersOf } from "../trust/verify";
import { SettingsError } from "../project/errors";
import type { Settings } from "./settings";
import { contentOf, replaceFile } from "../project/stack-files";

type TrustFiles = Pick<Settings, "signers" | "revokedKeys">;

/** Who may sign in a stack, as its files say now; without a file nobody may. */
export function trustOf({ signers, revokedKeys }: TrustFiles): Trust {
  return { signers: contentOf(signers), revoked: contentOf(revokedKeys) };
}

/**
 * Lines of an allowed-signers file, in its order.
 *
 * @throws SettingsError that names the file and the line that can't be used
 */
export function readSignerLines(file: string): AllowedSigner[] {
  return inFile(file, () => readAllowedSigners(contentOf(file)));
}

/** Signers of an allowed-signers file, a key each, with all its names. Throws like `readSignerLines`. */
export function readSigners(file: string): Signer[] {
  return signersOf(readSignerLines(file));
}

/** Keys of a revoked-keys file. Throws like `readSignerLines`. */
export function readRevoked(file: string): PublicKey[] {
  return inFile(file, () => readRevokedKeys(contentOf(file)));
}

/**
 * The one key of a `.pub` file.
 *
 * @throws SettingsError for anything else than one Ed25519 public key
 */
export function readPublicKey(text: string, file: string): PublicKey {
  const [key, ...more] = inFile(file, () => readRevokedKeys(text));
  if (key && more.length === 0) return key;
  throw new SettingsError(`${file} isn't one public key: give the .pub file of an Ed25519 key.`);
}

/**
 * Adds a line to a stack's allowed signers and keeps every other byte.
 *
 * @returns the line
 * @throws SettingsError for a name that can't stand in the file, or a key that is revoked or has all of it already
 */
export function addSigner(
  files: TrustFiles,
  principal: string,
  purposes: readonly Purpose[],
  key: PublicKey,
): string {
  checkSigner(files, principal);
  const { signers: file, revokedKeys } = files;
  if (readRevoked(revokedKeys).some(({ keyId }) => keyId === key.keyId)) {
    throw new SettingsError(
      `Key ${key.keyId} is revoked in ${revokedKeys}: give ${principal} another one.`,
    );
  }
  const namespaces = purposes.map((purpose) => `tollgate-${purpose}`).join(",");
  const has = readSignerLines(file).some(
    (line) =>
      line.key.keyId === key.keyId &&
      line.principals.some((name) => name.toLowerCase() === principal.toLowerCase()) &&
      line.namespaces?.join(",") === namespaces,
  );
  if (has) throw new SettingsError(`${file} has this line for ${principal} already.`);
  const line = `${principal} namespaces="${namespaces}" ${key.text}`;
  appendLine(file, line);
  return line;
}

/**
 * Can a name be added to a stack's signers at all?
 *
 * @throws SettingsError for a name that can't stand in the file, or a file that can't be read
 */
export function checkSigner({ signers, revokedKeys }: TrustFiles, principal: string): void {
  if (!/^[^\s,"*?!#]+$/.test(principal)) {
    throw new SettingsError(
      `${JSON.stringify(principal)} can't name a signer: write a name without spaces, commas and *?!#", such as ada@example.com.`,
    );
  }
  readSignerLines(signers);
  readRevoked(revokedKeys);
}

/**
 * Revokes keys for good: nothing they ever signed counts from now on.
 *
 * @param who a principal or a key id of the allowed-signers file; a principal means all of its keys
 * @returns the keys that were added to the revoked ones
 * @throws SettingsError when nobody is called so, or all these keys are revoked already
 */
export function revokeSigner({ signers: file, revokedKeys }: TrustFiles, who: string): PublicKey[] {
  const found = readSignerLines(file).filter(
    ({ key, principals }) =>
      key.keyId === who || principals.some((name) => name.toLowerCase() === who.toLowerCase()),
  );
  if (found.length === 0) {
    throw new SettingsError(`${file} names neither a person nor a key ${JSON.stringify(who)}.`);
  }
  const revoked = new Set(readRevoked(revokedKeys).map(({ keyId }) => keyId));
  const added = found.filter(({ key }) => {
    const isNew = !revoked.has(key.keyId);
    revoked.add(key.keyId);
    return isNew;
  });
  if (added.length === 0) {
    throw new SettingsError(`Every key of ${who} is in ${revokedKeys} already.`);
  }
  for (const { key, principals } of added) {
    appendLine(revokedKeys, `${key.text} ${principals.join(",")}`);
  }
  return added.map(({ key }) => key);
}

function appendLine(file: string, line: string): void {
  const before = contentOf(file);
  const end = before === "" || before.endsWith("\n") ? "" : "\n";
  fs.mkdirSync(path.dirname(file), { recursive: true });
  replaceFile(file, `${before}${end}${line}\n`);
}

/** A line that can't be used is told with its file. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(`${file}: ${(error as Error).message}; correct or remove it.`);
  }
}
