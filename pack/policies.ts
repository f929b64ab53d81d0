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
import { judge, refusals } from "../policies/judge";
import { type PolicyLevel, policyNameOf } from "../policies/policy-names";
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

function gatePolicy(gate: Gate, level: PolicyLevel): ResourceValidationPolicy {
  const validate = (args: ResourceValidationArgs, report: ReportViolation): void => {
    if (args.type !== tokens.Admission) return;
    for (const sentence of violations(args.props, gate, level)) report(sentence);
  };
  // Tells the pack's server to skip other resources before it unpacks their properties.
  const validateResource = Object.assign(validate, { __pulumiType: tokens.Admission });
  return {
    name: policyNameOf(gate.name, level),
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
  level: PolicyLevel,
): string[] {
  let verdicts: readonly Verdict[];
  try {
    verdicts = verdictsOn(JSON.stringify(props));
  } catch (error) {
    if (level === "advisory") return [];
    return [`${gate.name} can't judge this pin: ${(error as Error).message}`];
  }
  return refusals(verdicts, gate.name, level);
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
