import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import { checkedReasonText } from "../forcing";
import { CliError, usageError } from "../errors";
import { nameOfPin } from "../judgement";
import { digestOf, readyVersion, registryOf } from "../registry";
import { identify, lifetime } from "../signing";
import { table } from "../table";
import type { Options, Run } from "../verbs";
import { addWaiver } from "../waiving";

/** `tollgate waive`: one signed line in `waivers/<stack>.jsonl`, for one gate and exactly one version. */
export const run: Run = async (context, options, [gate]) => {
  const settings = await context.settings();
  if (options.list) {
    if (gate !== undefined) throw usageError("--list takes no gate: it shows every waiver.");
    return list(settings);
  }
  const { longestWaiverDays } = await import("../../policies/waivers");
  const name = await waivable(gate);
  const reason = checkedReasonText(options.reason, "A waiver needs --reason");
  const milliseconds = lifetime(options.for ?? "24h", "--for", longestWaiverDays);
  const pin = await versionToWaive(settings, options);
  const identity = await identify(settings, options, "waiver");
  const waiver = await addWaiver(settings, identity, { gate: name, pin, reason, milliseconds });
  return {
    document: { stack: settings.stack, waiver, keyId: identity.signer.keyId },
    text: [
      `${identity.name} waived ${name} for ${nameOfPin(pin)} in ${settings.stack} until ${waiver.expires}.`,
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
  const version = await readyVersion(client, model, asked);
  return { name: model, version: version.version, digest: await digestOf(client, version) };
}

/** Every waiver of the stack, of whichever version, with whether it counts now. */
async function list(settings: Settings) {
  const { readLines } = await import("../../config/signed-lines");
  const { trustOf } = await import("../../config/signers");
  const { judgeWaiver } = await import("../../policies/waivers");
  const { readClaim } = await import("../../trust/statement");
  const { stack, projectDir } = settings;
  const facts = {
    stack,
    trust: trustOf(settings),
    judgedAt: new Date().toISOString(),
    history: { deployed: "unknown", releasedAt: null, lastReceiptAt: null, packDigest: null },
  } as const;
  const waivers = readLines(projectDir, "waivers", stack).flatMap((line) => {
    const claim = readClaim(line, "waiver");
    if ("unreadable" in claim) return [];
    const { model: name, version, digest, gate, owner, reason, at, expires } = claim.predicate;
    const judged = judgeWaiver({ ...facts, pin: { name, version, digest } }, line);
    const problem = "problem" in judged ? judged.problem : null;
    return [{ gate, model: name, version, digest, owner, reason, at, expires, problem }];
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
    text: rows.length > 0 ? table(headings, rows) : `${stack} has no waivers.`,
  };
}
