import type { Settings } from "../../config/settings";
import { shortestReason } from "../../trust/statement";
import type { Context } from "../context";
import { usageError } from "../errors";
import { type Judgement } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import type { Options } from "../verb";
import { optionDefaults } from "../defaults";

/**
 * What `--force` does: signs a waiver for each mandatory gate that refuses this pin and may be waived. What can't be
 * waived stays a refusal, so the pin has to be judged again afterwards.
 *
 * @param options `--force`, `--reason`, and `--key` and `--as` as for `tollgate waive`
 * @returns what was signed, a sentence each; none without `--force` or without such a refusal
 * @throws CliError when there is no key, or it may not sign waivers in the stack
 */
export async function forceWaivers(
  context: Context,
  settings: Settings,
  judgement: Judgement,
  options: Options,
): Promise<string[]> {
  const reason = checkedReason(options);
  if (reason === null) return [];
  const { verdicts } = judgement;
  const { gates } = await import("../../policies/gates");
  const { blocks } = await import("../../policies/judge");
  const refusing = new Set(verdicts.filter(blocks).map(({ gate }) => gate));
  const names = gates
    .filter(({ name, waivable }) => waivable && refusing.has(name))
    .map((gate) => gate.name);
  const { pin, evidenceDigest: evidence } = judgement.candidate;
  // A waiver is bound to evidence. Without any, what refuses can't be waived by anybody.
  if (names.length === 0 || evidence === null) return [];

  const { identify } = await import("./signing");
  const { addWaiver, boundText } = await import("./waiving");
  const identity = await identify(settings, options, "waiver");
  const lines: string[] = [];
  for (const gate of names) {
    const milliseconds = optionDefaults.forcedHours * 3600 * 1000;
    const request = { gate, pin, evidence, verdicts, reason, milliseconds };
    const waiver = await addWaiver(settings, identity, request);
    const line = `${identity.name} waived ${gate} for ${nameOfPin(pin)} in ${settings.stack} until ${waiver.expires}. ${await boundText(waiver)}`;
    context.output.note(line, "yellow");
    lines.push(line);
  }
  return lines;
}

/** The reason given with `--force`; null without it. */
export function checkedReason({ force, reason }: Options): string | null {
  if (!force && reason !== undefined)
    throw usageError("--reason is for --force: give both or neither.");
  return force ? checkedReasonText(reason, "--force needs --reason") : null;
}

/**
 * A reason that says something.
 *
 * @param what start of the sentence, such as `--force needs --reason`
 * @throws CliError (usage) for one that is missing or too short
 */
export function checkedReasonText(reason: unknown, what: string): string {
  if (typeof reason === "string" && reason.trim().length >= shortestReason) return reason.trim();
  throw usageError(`${what}, which says why in at least ${shortestReason} characters.`);
}
