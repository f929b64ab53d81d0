import {
  type GuardedResource,
  type GuardedStack,
  type Guardrail,
  judgeStack,
} from "../../../policies/guardrails/guardrail";

/** A resource; its URN is made of type and name. */
export function resource(
  type: string,
  name: string,
  props: Record<string, unknown>,
  changes: Partial<GuardedResource> = {},
): GuardedResource {
  const more = { protect: false, refersTo: {}, secrets: [] };
  return { type, name, urn: urnOf(type, name), props, ...more, ...changes };
}

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:staging::churn::${type}::${name}`;
}

/** A stack of these resources, in production unless said. */
export function stackOf(
  resources: readonly GuardedResource[],
  changes: Partial<GuardedStack> = {},
): GuardedStack {
  return { resources, production: true, exposed: [], places: {}, neighbours: [], ...changes };
}

/** What a guardrail has against a stack, as one sentence each. */
export function judged(
  guardrail: Guardrail,
  resources: readonly GuardedResource[],
  changes: Partial<GuardedStack> = {},
): string[] {
  return judgeStack(guardrail, stackOf(resources, changes));
}
