import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import type { PublicKey } from "../../trust/allowed-signers";
import type { Predicates } from "../../trust/statement";
import type { Signer } from "../../trust/types";
import { CliError, usageError } from "../errors";
import { gitConfig, gitEmail } from "../git";
import { pythonFor } from "../registry/python";
import type { Options } from "../verb";

/** Who signs: one key of the stack's allowed-signers file, and the name that is written into what is signed. */
export interface Identity {
  readonly keyFile: string;
  readonly signer: Signer;
  readonly name: string;
}

/**
 * The private key to sign with, absolute: `--key`, else `TOLLGATE_SIGNING_KEY`, else the key that git signs with, else
 * `~/.ssh/id_ed25519`. Null when there is none of them.
 */
export function findSigningKey(given: unknown, projectDir: string): string | null {
  const named = (typeof given === "string" && given) || process.env.TOLLGATE_SIGNING_KEY;
  if (named) return resolve(named);
  if (gitConfig(projectDir, "gpg.format") === "ssh") {
    const key = gitConfig(projectDir, "user.signingkey")?.replace(/^~\//, `${homedir()}/`);
    // git takes the public key as well, and then asks the agent for its private half.
    const file = key && resolve(projectDir, key.replace(/\.pub$/, ""));
    if (file && existsSync(file)) return file;
  }
  const usual = join(homedir(), ".ssh", "id_ed25519");
  return existsSync(usual) ? usual : null;
}

/**
 * Who the key of this person is in a stack, looked up before anything is signed.
 *
 * @param options `--key` and `--as`
 * @throws CliError when there is no key, the stack's signers don't have it, or not under the name given
 */
export async function identify(
  settings: Settings,
  options: Options,
  purpose: "approval" | "waiver",
): Promise<Identity> {
  const { projectDir } = settings;
  const keyFile = findSigningKey(options.key, projectDir);
  if (keyFile === null) {
    throw new CliError(
      "no-key",
      "There is no key to sign with: give --key <file>, set TOLLGATE_SIGNING_KEY, or make one with `ssh-keygen -t ed25519`.",
    );
  }
  const { readSigners } = await import("../../config/signers");
  const publicKey = await publicKeyOf(settings, keyFile);
  const email = gitEmail(projectDir);
  const asked = typeof options.as === "string" ? options.as : undefined;
  const signer = readSigners(settings.signers).find(({ keyId }) => keyId === publicKey.keyId);
  if (!signer) {
    const line = `${asked ?? email ?? "<your e-mail>"} namespaces="tollgate-${purpose}" ${publicKey.text}`;
    throw new CliError(
      "signer-unknown",
      `${relative(projectDir, settings.signers)} doesn't have your key: add this line to it and have it reviewed: ${line}`,
    );
  }
  const known = signer.principals;
  if (asked !== undefined && !known.includes(asked.toLowerCase())) {
    throw new CliError(
      "other-name",
      `Your key is ${known.join(" and ")} in ${settings.stack}, not ${asked}: give one of these with --as, or another --key.`,
    );
  }
  const usual = email && known.includes(email.toLowerCase()) ? email : known[0]!;
  return { keyFile, signer, name: asked ?? usual };
}

/**
 * Signs an approval or a waiver, and checks that it counts before anybody keeps it.
 *
 * @returns the envelope
 * @throws CliError when the key can't be used, or may not sign this in the stack
 */
export async function sign<P extends "approval" | "waiver">(
  settings: Settings,
  { keyFile, signer }: Identity,
  purpose: P,
  predicate: Predicates[P],
): Promise<string> {
  const { statementOf } = await import("../../trust/statement");
  const { verify } = await import("../../trust/verify");
  const { trustOf } = await import("../../config/signers");
  const statement = JSON.stringify(statementOf(purpose, predicate));
  const envelope = await signStatement(settings, keyFile, signer.keyId, statement);
  const verified = verify(envelope, purpose, trustOf(settings));
  if ("problem" in verified) {
    throw new CliError(
      verified.problem.code,
      `This ${purpose} would not count in ${settings.stack}, so it isn't kept: ${verified.problem.reason}.`,
    );
  }
  return envelope;
}

/**
 * Signs a statement as it stands.
 *
 * @param keyId fingerprint of the public half that was looked up before
 * @returns the envelope
 * @throws CliError when the key can't be used, or its `.pub` file is that of another key
 */
export async function signStatement(
  settings: Settings,
  keyFile: string,
  keyId: string,
  statement: string,
): Promise<string> {
  const envelope = await signingTool(settings, ["sign", "--key", keyFile], statement);
  const { openEnvelope } = await import("../../trust/dsse");
  const opened = openEnvelope(envelope);
  if (!("unreadable" in opened) && opened.keyId === keyId) return envelope;
  throw new CliError(
    "other-key",
    `${keyFile}.pub is the public half of another key: write the right one with \`ssh-keygen -y -f ${keyFile} > ${keyFile}.pub\`.`,
  );
}

/**
 * The public half of a private key: of the `.pub` file beside it, which needs no passphrase, else what the key says.
 *
 * @throws CliError, SettingsError when neither can be read
 */
export async function publicKeyOf(settings: Settings, keyFile: string): Promise<PublicKey> {
  const { readPublicKey } = await import("../../config/signers");
  const text = existsSync(`${keyFile}.pub`)
    ? readFileSync(`${keyFile}.pub`, "utf8")
    : publicKeyIn(await signingTool(settings, ["public", "--key", keyFile]));
  return readPublicKey(text, keyFile);
}

/** Makes a new key and its `.pub` file; returns the public half. Never writes over a file that is there. */
export async function createKey(
  settings: Settings,
  keyFile: string,
  comment: string,
): Promise<string> {
  const args = ["create", "--key", keyFile, "--comment", comment];
  return publicKeyIn(await signingTool(settings, args));
}

/**
 * A time such as `24h` or `7d`, in milliseconds.
 *
 * @throws CliError (usage) for anything else, or for more than `longestDays`
 */
export function lifetime(text: unknown, option: string, longestDays: number): number {
  const [, number, unit] = /^([1-9][0-9]{0,4})([hd])$/.exec(String(text)) ?? [];
  const hours = Number(number) * (unit === "d" ? 24 : 1);
  if (number !== undefined && hours <= longestDays * 24) return hours * 3600 * 1000;
  throw usageError(
    `${option} is "${String(text)}": give hours or days of at most ${longestDays} days, such as 24h or 7d.`,
  );
}

function publicKeyIn(answer: string): string {
  return (JSON.parse(answer) as { publicKey: string }).publicKey;
}

/** Runs the Python half. It asks for a passphrase on the terminal itself; the key never passes through here. */
async function signingTool(
  settings: Settings,
  args: readonly string[],
  input = "",
): Promise<string> {
  const { python, environment } = await pythonFor(settings);
  const { status, stdout, stderr, error } = spawnSync(
    python,
    ["-m", "tollgate_serving.signing", ...args],
    { cwd: settings.projectDir, env: environment, input, encoding: "utf8" },
  );
  if (status === 0) return stdout.trim();
  throw signingFailed(stderr, error?.message ?? `${python} was stopped.`);
}

/** What the Python half said last, as the command's own sentence; `otherwise` where it said nothing. */
export function signingFailed(stderr: string, otherwise: string): CliError {
  const said = stderr.trim().split("\n").at(-1) || otherwise;
  return new CliError("signing", said.charAt(0).toUpperCase() + said.slice(1));
}
