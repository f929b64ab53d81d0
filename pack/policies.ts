import type {
  Policies,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
} from "@pulumi/policy";
import { candidateOf } from "../policies/admission";
import { readAdmission } from "../policies/admission-inputs";
import type { Gate, Verdict } from "../policies/gate";
import { gates } from "../policies/gates";
import { explanation, judge, withoutEchoes } from "../policies/judge";
import { guardrailPolicies } from "./guardrails";
import { tokens } from "../policies/resource-tokens";

/**
 * The policies of the pack: two for each gate, because a policy's level can't depend on the stack. `<gate>` is mandatory,
 * `<gate>-advisory` is not; the admission's inputs say which of them has a say.
 */
export const policies: Policies = [
  ...gates.flatMap((gate) => [gatePolicy(gate, "mandatory"), gatePolicy(gate, "advisory")]),
  ...guardrailPolicies,
];

function gatePolicy(gate: Gate, level: "mandatory" | "advisory"): ResourceValidationPolicy {
  const validate = (args: ResourceValidationArgs, report: ReportViolation): void => {
    if (args.type !== tokens.Admission) return;
    for (const sentence of violations(args.props, gate, level)) report(sentence);
  };
  // Tells the pack's server to skip other resources before it unpacks their properties.
  const validateResource = Object.assign(validate, { __pulumiType: tokens.Admission });
  return {
    name: nameOf(gate, level),
    description: gate.description,
    enforcementLevel: level,
    severity: gate.severity,
    remediationSteps: gate.remedy,
    validateResource,
  };
}

/**
 * What a gate has against an admission at one level, a sentence each.
 *
 * Reading an unknown value throws in a policy, and the engine would soften that to a note. Here it is a mandatory
 * violation, like every other reason why the gates can't be run.
 */
export function violations(
  props: Readonly<Record<string, unknown>>,
  gate: Gate,
  level: "mandatory" | "advisory",
): string[] {
  let verdicts: readonly Verdict[];
  try {
    verdicts = verdictsOn(JSON.stringify(props));
  } catch (error) {
    if (level === "advisory") return [];
    return [`${gate.name} can't judge this pin: ${(error as Error).message}`];
  }
  return refusals(verdicts, gate, level);
}

function refusals(
  verdicts: readonly Verdict[],
  gate: Gate,
  level: "mandatory" | "advisory",
): string[] {
  // What a mandatory refusal explains needs no advice as well, but no advice excuses a mandatory refusal.
  const heard = verdicts.filter((v) => level === "advisory" || v.level === "mandatory");
  return withoutEchoes(heard.filter(({ status }) => status === "refused"))
    .filter((verdict) => verdict.gate === gate.name && verdict.level === level)
    .map(explanation);
}

/** The advice that the engine would report of verdicts, as it words it: for a preview that needs no engine. */
export function advice(verdicts: readonly Verdict[]) {
  return gates.flatMap((gate) =>
    refusals(verdicts, gate, "advisory").map((sentence) => ({
      policy: nameOf(gate, "advisory"),
      level: "advisory",
      message: `${gate.description}\n${sentence}`,
    })),
  );
}

function nameOf({ name }: Gate, level: "mandatory" | "advisory"): string {
  return level === "mandatory" ? name : `${name}-advisory`;
}

let judged: { inputs: string; verdicts: readonly Verdict[] } | undefined;

/** Every gate has a policy, and each of them is asked about the same admission: it is judged once. */
function verdictsOn(inputs: string): readonly Verdict[] {
  if (judged?.inputs !== inputs) {
    const admission = readAdmission(JSON.parse(inputs));
    judged = { inputs, verdicts: judge(candidateOf(admission), admission.gates) };
  }
  return judged.verdicts;
}
