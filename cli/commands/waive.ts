import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import { checkedReasonText } from "../signing/forcing";
import { optionDefaults } from "../defaults";
import { CliError, usageError } from "../errors";
import { type Judgement, judgeVersion } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import type { Output } from "../terminal/output";
import { digestOf, readyVersion, registryOf } from "../registry/registry";
import { identify, lifetime } from "../signing/signing";
import type { Options, Run } from "../verb";
import { addWaiver, boundText, evidenceToSign } from "../signing/waiving";

/**
 * `tollgate waive`: one signed line in `waivers/<stack>.jsonl`, for one gate, exactly one version on its evidence of now,
 * and what the gate refuses now.
 */
export const run: Run = async (context, options, [gate]) => {
  const settings = await context.settings();
  if (options.list) {
    if (gate !== undefined) throw usageError("--list takes no gate: it shows every waiver.");
    return list(settings, context.output);
  }
  const { longestWaiverDays } = await import("../../policies/waiver-days");
  const name = await waivable(gate);
  const reason = checkedReasonText(options.reason, "A waiver needs --reason");
  const milliseconds = lifetime(options.for ?? optionDefaults.waiver, "--for", longestWaiverDays);
  const pin = await versionToWaive(settings, options);
  const identity = await identify(settings, options, "waiver");
  const judgement = await judgeVersion(settings, pin);
  const evidence = evidenceToSign(judgement);
  const { verdicts } = judgement;
  await requireRefusal(settings, name, judgement);
  const request = { gate: name, pin, evidence, verdicts, reason, milliseconds };
  const waiver = await addWaiver(settings, identity, request);
  return {
    document: { stack: settings.stack, waiver, keyId: identity.signer.keyId },
    text: [
      `${identity.name} waived ${name} for ${nameOfPin(pin)} in ${settings.stack} until ${waiver.expires}.`,
      await boundText(waiver),
      `Next: git add waivers/${settings.stack}.jsonl && git commit`,
    ].join("\n"),
  };
};

/** The gate's name, when it is one that may be waived. */
async function waivable(name: string | undefined): Promise<string> {
  const { gates } = await import("../../policies/gates");
  const names = gates.filter((gate) => gate.waivable).map((gate) => gate.name);
  const which = `one of ${names.join(", ")}`;
  if (name === undefined) throw usageError(`Say which gate is waived: ${which}.`);
  const gate = gates.find((each) => each.name === name);
  if (!gate) throw usageError(`There is no gate "${name}": give ${which}.`);
  if (gate.waivable) return name;
  throw new CliError("not-waivable", `${name} can't be waived by anybody: only ${which} can.`);
}

/** A waiver names what was refused. What judges the moment may be waived before that moment. */
async function requireRefusal(
  { stack }: Settings,
  name: string,
  { candidate, verdicts }: Judgement,
): Promise<void> {
  const { gates } = await import("../../policies/gates");
  if (gates.find((gate) => gate.name === name)?.judgesMoment) return;
  if (verdicts.some(({ gate, passed }) => gate === name && !passed)) return;
  throw new CliError(
    "nothing-refused",
    `${name} refuses nothing of ${nameOfPin(candidate.pin)} in ${stack}, so there is nothing to waive: see \`tollgate preview --stack ${stack}\`.`,
  );
}

/** The pinned version, or another one with the digest that its registry gives it. */
async function versionToWaive(settings: Settings, options: Options): Promise<PinnedVersion> {
  const { model, pin, stack } = settings;
  const asked = options.modelVersion as string | undefined;
  if (pin && (asked === undefined || asked === pin.version)) return pin;
  if (asked === undefined) {
    throw new CliError(
      "no-pin",
      `${stack} pins no version: say with --model-version which one the waiver is for.`,
    );
  }
  const client = await registryOf(settings);
  const version = await readyVersion(client, settings, asked);
  return { name: model, version: version.version, digest: await digestOf(client, version) };
}

/** Every waiver of the stack, of whichever version, with whether it counts now. */
async function list(settings: Settings, output: Output) {
  const { readLines } = await import("../../config/signed-lines");
  const { trustOf } = await import("../../config/signers");
  const { judgeWaiver } = await import("../../policies/waivers");
  const { readClaim } = await import("../../trust/statement");
  const { readReceipts } = await import("../../history/receipts");
  const { stackHistory } = await import("../../history/stack-history");
  const { stack, projectDir, stateDir } = settings;
  const { receipts } = readReceipts(stateDir);
  const facts = { stack, trust: trustOf(settings), judgedAt: new Date().toISOString() };
  const waivers = readLines(projectDir, "waivers", stack).flatMap((line) => {
    const claim = readClaim(line, "waiver");
    if ("unreadable" in claim) return [];
    const { stack: _stack, ...said } = claim.predicate;
    const { model: name, version, digest, evidence = null, refusals = [] } = said;
    const pin = { name, version, digest };
    const history = stackHistory(receipts, pin);
    // Whether the version's evidence is still that one is for a preview to say, which asks the registry.
    const judged = judgeWaiver({ ...facts, pin, history, evidenceDigest: evidence }, line);
    const problem = "problem" in judged ? judged.problem : null;
    return [{ ...said, evidence, refusals, problem }];
  });
  const rows = waivers.map((each) => [
    each.gate,
    `${each.model} v${each.version}`,
    each.owner,
    each.expires,
    each.problem === null ? "active" : `doesn't count: ${each.problem}`,
    each.reason,
  ]);
  const headings = ["gate", "version", "owner", "until", "state", "reason"];
  return {
    document: { stack, waivers },
    text: rows.length > 0 ? output.table(headings, rows) : `${stack} has no waivers.`,
  };
}
