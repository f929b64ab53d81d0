import { createHash, randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readText } from "../../processes/folder";
import type { CredentialInputs, CredentialOutputs } from "../inputs";
import { placeFailures } from "../place";
import type { ResourceType } from "../resource-type";

/** A generated secret in a file only the user can read. Its value never leaves the file. */
export const credentialType = {
  check(olds, news) {
    const [recorded, wanted] = [stackOf(olds?.path), stackOf(news.path)];
    const failures = wanted === undefined ? [] : placeFailures(recorded, wanted);
    return Promise.resolve({ inputs: news, failures });
  },

  diff(_id, olds, news) {
    if (olds.path !== news.path) {
      return Promise.resolve({ changes: true, replaces: ["path"] });
    }
    const asAsked = olds.bytes === news.bytes && olds.deleteData === news.deleteData;
    const asRecorded = fingerprintOf(news.path) === olds.fingerprint && !isOpen(news.path);
    return Promise.resolve({ changes: !asAsked || !asRecorded });
  },

  create(inputs) {
    return Promise.resolve({ id: inputs.path, outputs: ensureCredential(inputs) });
  },

  update(_id, _olds, news) {
    return Promise.resolve(ensureCredential(news));
  },

  read(_id, recorded) {
    const fingerprint = fingerprintOf(recorded.path);
    if (fingerprint === null) {
      return Promise.resolve(null);
    }
    restrict(recorded.path);
    return Promise.resolve({ ...recorded, fingerprint });
  },

  delete(_id, recorded) {
    if (recorded.deleteData) {
      rmSync(recorded.path, { force: true });
    }
    return Promise.resolve();
  },
} satisfies ResourceType<CredentialInputs, CredentialOutputs>;

/** The state folder that a secret is in; undefined for a file elsewhere. */
function stackOf(path: string | undefined): string | undefined {
  return /^(.*\/\.tollgate\/[^/]+)\/secrets\/[^/]+$/.exec(path ?? "")?.[1];
}

/** Makes the secret, or adopts the one that is there: the data it opens may be older than the state. */
function ensureCredential({ path, bytes, deleteData }: CredentialInputs): CredentialOutputs {
  if (fingerprintOf(path) === null) {
    writeOnce(path, randomBytes(bytes).toString("hex"));
  }
  restrict(path);
  const fingerprint = fingerprintOf(path);
  if (fingerprint === null) {
    throw new Error(`the secret file ${path} vanished while it was being made; run this again`);
  }
  return { path, bytes, deleteData, fingerprint };
}

/** Writes the whole file at once, and only where there is none. An empty one, after a full disk, is none. */
function writeOnce(path: string, value: string): void {
  const part = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(part, value, { mode: 0o600 });
    if (readText(path)?.trim() === "") {
      rmSync(path);
    }
    linkUnlessThere(part, path);
    rmSync(part);
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`cannot write the secret file ${path} (${reason}); make its folder writable`);
  }
}

function linkUnlessThere(from: string, path: string): void {
  try {
    linkSync(from, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw error;
    }
  }
}

/** Null when there is no secret to read. */
function fingerprintOf(path: string): string | null {
  const value = readText(path)?.trim();
  return value ? createHash("sha256").update(value).digest("hex").slice(0, 12) : null;
}

/** Takes away what others may do with the file. */
function restrict(path: string): void {
  if (isOpen(path)) {
    chmodSync(path, 0o600);
  }
}

/** May anyone but the user do anything with the file? */
function isOpen(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}
