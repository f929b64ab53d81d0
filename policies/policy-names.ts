/** How a policy of the pack is enforced: of each gate it has one for either level. */
export type PolicyLevel = "mandatory" | "advisory";

const advisorySuffix = "-advisory";

/** The pack's name of a gate's policy at one level. */
export function policyNameOf(gate: string, level: PolicyLevel): string {
  return level === "mandatory" ? gate : `${gate}${advisorySuffix}`;
}

/** The name that a policy has without its level: a gate's, where it is a gate's policy. */
export function gateNameIn(policy: string): string {
  return policy.endsWith(advisorySuffix) ? policy.slice(0, -advisorySuffix.length) : policy;
}
