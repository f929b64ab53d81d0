import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import type { PublicKey } from "../../trust/allowed-signers";
import type { Purpose } from "../../trust/types";
import { CliError, usageError } from "../errors";
import type { Outcome, Output } from "../terminal/output";
import { createKey } from "../signing/signing";
import type { Options, Run } from "../verb";

const purposes: readonly Purpose[] = ["training", "evidence", "approval", "waiver"];

const actions: Record<
  string,
  (settings: Settings, options: Options, who: string, output: Output) => Promise<Outcome>
> = { add, create, list, revoke };

/** `tollgate signer`: who may sign training, evidence, approvals and waivers in one environment. */
export const run: Run = async (context, options, [name = "", who = "", ...more]) => {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw usageError(`Say what to do: one of ${Object.keys(actions).join(", ")}.`);
  if (more.length > 0 || (name === "list" && who !== "")) {
    throw usageError(`signer ${name} doesn't take ${[who, ...more].at(-1)}.`);
  }
  if (name !== "list" && who === "") {
    throw usageError(`Say who, such as \`tollgate signer ${name} ada@example.com\`.`);
  }
  return action(await context.settings(), options, who, context.output);
};

async function add(settings: Settings, options: Options, who: string): Promise<Outcome> {
  const { readPublicKey } = await import("../../config/signers");
  const allowed = purposesOf(options);
  const given = keyFile(options, "the person's public key, such as ada.pub");
  if (!existsSync(given)) {
    throw new CliError("no-key", `There is no key at ${given}: give the person's .pub file.`);
  }
  return added(settings, who, allowed, readPublicKey(readFileSync(given, "utf8"), given));
}

async function create(settings: Settings, options: Options, who: string): Promise<Outcome> {
  const { checkSigner, readPublicKey } = await import("../../config/signers");
  const allowed = purposesOf(options);
  const given = keyFile(options, "where the new private key shall be");
  // Before the key is made, so that none is left over.
  checkSigner(settings, who);
  const publicKey = readPublicKey(await createKey(settings, given, who), given);
  const { text, document } = await added(settings, who, allowed, publicKey);
  return { document: { ...(document as object), key: given }, text: `${text}\nIts key: ${given}` };
}

async function added(
  settings: Settings,
  who: string,
  allowed: readonly Purpose[],
  key: PublicKey,
): Promise<Outcome> {
  const { addSigner } = await import("../../config/signers");
  const line = addSigner(settings, who, allowed, key);
  const file = relative(settings.projectDir, settings.signers);
  return {
    document: { stack: settings.stack, principal: who, keyId: key.keyId, purposes: allowed, line },
    text: [
      `${who} may sign for ${allowed.join(", ")} in ${settings.stack}, with key ${key.keyId}.`,
      `Next: git add ${file} && git commit`,
    ].join("\n"),
  };
}

async function list(
  { stack, signers, revokedKeys }: Settings,
  _options: Options,
  _who: string,
  output: Output,
): Promise<Outcome> {
  const { readRevoked, readSignerLines } = await import("../../config/signers");
  const { allowsNamespace } = await import("../../trust/allowed-signers");
  const revoked = new Set(readRevoked(revokedKeys).map(({ keyId }) => keyId));
  const found = readSignerLines(signers).map((line) => ({
    principals: line.principals,
    keyId: line.key.keyId,
    purposes: purposes.filter((purpose) => allowsNamespace(line, `tollgate-${purpose}`)),
    validAfter: timeText(line.validAfter),
    validBefore: timeText(line.validBefore),
    revoked: revoked.has(line.key.keyId),
  }));
  const rows = found.map((each) => [
    each.principals.join(", "),
    each.keyId,
    each.purposes.join(", ") || "nothing here",
    each.validAfter ?? "",
    each.validBefore ?? "",
    each.revoked ? "revoked" : "",
  ]);
  const headings = ["who", "key", "signs", "valid after", "valid before", ""];
  return {
    document: { stack, signers: found },
    text: rows.length > 0 ? output.table(headings, rows) : `${stack} has no signers.`,
  };
}

async function revoke(settings: Settings, _options: Options, who: string): Promise<Outcome> {
  const { revokeSigner } = await import("../../config/signers");
  const keyIds = revokeSigner(settings, who).map(({ keyId }) => keyId);
  const file = relative(settings.projectDir, settings.revokedKeys);
  return {
    document: { stack: settings.stack, revoked: keyIds },
    text: [
      `Revoked ${keyIds.join(" and ")} of ${who}: nothing it signed counts any more, in every stack that uses ${file}.`,
      `Next: git add ${file} && git commit`,
    ].join("\n"),
  };
}

function purposesOf(options: Options): Purpose[] {
  const asked = String(options.for ?? "").split(",");
  const wrong = asked.find((each) => !purposes.includes(each as Purpose));
  if (wrong === undefined) return purposes.filter((each) => asked.includes(each));
  throw usageError(
    `--for is "${String(options.for ?? "")}": give one or more of ${purposes.join(",")}.`,
  );
}

function keyFile(options: Options, what: string): string {
  if (typeof options.key === "string") return resolve(options.key);
  throw usageError(`Give --key <file>: ${what}.`);
}

function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
