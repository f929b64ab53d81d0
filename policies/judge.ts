import { nearest, parseInWords, pathText } from "../strict/problems";
import { noEvidenceCode } from "./finding";
import type {
  Candidate,
  Finding,
  Gate,
  GateConfiguration,
  GateConfigurations,
  Verdict,
} from "./gate";
import { gates } from "./gates";
import { levels, stricter } from "./levels";
import { type PolicyLevel, policyNameOf } from "./policy-names";
import { activeWaivers, waiverOf } from "./waivers";

/** The gates' configuration can't be used: an unknown gate, a missing one, or wrong settings. One sentence. */
export class GateConfigurationError extends Error {
  override readonly name = "GateConfigurationError";
}

/**
 * Judges a candidate by every configured gate that isn't disabled, in the order of `gates/index.ts`.
 * The same arguments always give the same verdicts.
 *
 * @throws GateConfigurationError for an unknown gate, a gate without configuration, or settings the gate doesn't take
 */
export function judge(candidate: Candidate, configurations: GateConfigurations): Verdict[] {
  for (const name of Object.keys(configurations)) {
    if (!gates.some((gate) => gate.name === name)) throw unknownGate(name);
  }
  const waivers = activeWaivers(candidate);
  return gates.flatMap((gate) => {
    const configuration = configurationOf(gate, configurations);
    const level = stricter(configuration.level, gate.leastLevel?.(candidate) ?? "disabled");
    if (level === "disabled") return [];
    const findings = gate.check(candidate, settingsOf(gate, configuration));
    const signed = level === "mandatory" ? (waivers.get(gate.name) ?? []) : [];
    return findings.map((finding): Verdict => {
      const waiver = finding.passed ? null : waiverOf(signed, gate, finding, candidate);
      // Field by field: with a spread, a thousand verdicts take thirty times as long (V8 makes dictionaries of them).
      return {
        passed: finding.passed,
        subject: finding.subject,
        value: finding.value,
        threshold: finding.threshold,
        margin: finding.margin,
        code: finding.code,
        reason: finding.reason,
        gate: gate.name,
        level,
        status: finding.passed ? "passed" : waiver ? "waived" : "refused",
        remedy: remedyOf(gate, finding),
        waiver,
      };
    });
  });
}

/** Codes of a gate that is on and was told nothing to judge: what mends that is the stack's file, not the model. */
const unconfigured: readonly string[] = ["no-slice", "no-disturbance", "no-comparison", "no-limit"];

function remedyOf({ name, remedy }: Gate, finding: Finding): string {
  return unconfigured.includes(finding.code)
    ? `Name what it is to judge under tollgate:gates.${name}, or take that entry out.`
    : (finding.remedy ?? remedy);
}

/** Does any verdict stop the release? */
export function blocked(verdicts: readonly Verdict[]): boolean {
  return verdicts.some(blocks);
}

/** A refusal by a mandatory gate that no waiver releases. */
export function blocks(verdict: Verdict): boolean {
  return verdict.level === "mandatory" && verdict.status === "refused";
}

/**
 * The verdicts worth a reader's time: without evidence, the one that says why instead of every gate that had nothing to
 * judge. Nothing is left out of JSON or a receipt.
 */
export function withoutEchoes(verdicts: readonly Verdict[]): Verdict[] {
  const cause = verdicts.some((v) => v.gate === "evidence-present" && v.status === "refused");
  return cause ? verdicts.filter((v) => v.code !== noEvidenceCode) : [...verdicts];
}

/** A refusal in words: why, and what to do about it. */
export function explanation({ gate, reason, remedy }: Verdict): string {
  // Why there is no evidence is said by the registry's look-up, with what to do about exactly that.
  return gate === "evidence-present" ? reason : `${reason} ${remedy}`;
}

/** What a gate has against a candidate at one level, a sentence each. */
export function refusals(verdicts: readonly Verdict[], gate: string, level: PolicyLevel): string[] {
  // What a mandatory refusal explains needs no advice as well, but no advice excuses a mandatory refusal.
  const heard = verdicts.filter((v) => level === "advisory" || v.level === "mandatory");
  return withoutEchoes(heard.filter(({ status }) => status === "refused"))
    .filter((verdict) => verdict.gate === gate && verdict.level === level)
    .map(explanation);
}

/** The advice that the engine would report of verdicts, as it words it: for a preview that needs no engine. */
export function advice(verdicts: readonly Verdict[]) {
  return gates.flatMap(({ name, description }) =>
    refusals(verdicts, name, "advisory").map((sentence) => ({
      policy: policyNameOf(name, "advisory"),
      level: "advisory",
      message: `${description}\n${sentence}`,
    })),
  );
}

/** One sentence for each refusal that stops the release, each with its gate's name; empty when none does. */
export function refusalSummary(verdicts: readonly Verdict[]): string[] {
  return withoutEchoes(verdicts.filter(blocks)).map(
    (verdict) => `${verdict.gate}: ${verdict.reason}`,
  );
}

function configurationOf(gate: Gate, configurations: GateConfigurations): GateConfiguration {
  const configuration = Object.hasOwn(configurations, gate.name)
    ? configurations[gate.name]
    : undefined;
  // A level that is none, such as a value not known yet, would let everything through.
  if (configuration && levels.includes(configuration.level)) return configuration;
  const given = configuration ? JSON.stringify(configuration.level) : "nothing";
  throw new GateConfigurationError(
    `Gate ${gate.name} has ${given} for its level; give it one of ${levels.join(", ")} under tollgate:gates.`,
  );
}

function settingsOf(gate: Gate, { settings }: GateConfiguration): unknown {
  const { data, problems } = parseInWords(gate.settings, settings ?? {});
  if (!problems) return data;
  const lines = problems.map(
    ({ path, text }) => `tollgate:gates.${pathText([gate.name, ...path])}: ${text}`,
  );
  throw new GateConfigurationError(
    `Gate ${gate.name} can't be run, correct its settings: ${lines.join("; ")}.`,
  );
}

function unknownGate(name: string): GateConfigurationError {
  const names = gates.map((gate) => gate.name);
  const meant = nearest(name, names);
  const hint = meant ? `did you mean ${meant}?` : `there are ${names.join(", ")}.`;
  return new GateConfigurationError(
    `tollgate:gates names no gate ${JSON.stringify(name)}; ${hint}`,
  );
}
