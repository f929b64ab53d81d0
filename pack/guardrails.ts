import type {
  Policies,
  PolicyResource,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import {
  type GuardedResource,
  type Guardrail,
  judgeAlone,
  judgeStack,
  type Surroundings,
} from "../policies/guardrails/guardrail";
import { guardrails } from "../policies/guardrails/index";
import { type PlainProps, plainProps } from "../policies/guardrails/plain";
import { type Place, placeOf, surroundingsOf } from "./surroundings";

/** What has been seen in one run of the engine, which starts a pack of its own for each. */
interface Run {
  /**
   * What every resource was asked to be, by URN. At the end of a preview the engine tells what resources will be instead,
   * where all that the program left to the provider isn't known yet.
   */
  readonly asked: Map<string, PlainProps>;
  /** Where the stack is, as soon as a resource of Tollgate's has told. */
  place: Place | null;
  /** Settings that were read, by place. */
  readonly surroundings: Map<string, Promise<Surroundings>>;
}

/**
 * A policy for each guardrail, mandatory in every environment. Each resource is judged by itself before it is made, and
 * all of them together at the end: an update without a preview has made them by then.
 */
export function policiesOfRun(): Policies {
  const run: Run = { asked: new Map(), place: null, surroundings: new Map() };
  return guardrails.map((guardrail, index) => ({
    ...policyOf(guardrail, run),
    ...(index === 0 && looking(run)),
  }));
}

export const guardrailPolicies: Policies = policiesOfRun();

/**
 * A remediation that changes nothing: only one is told what is marked secret. One is enough for all policies, as the
 * engine asks for it before any validation of the resource. The SDK reports what such a policy finds as mandatory.
 */
function looking({ asked }: Run): Partial<ResourceValidationPolicy> {
  return {
    enforcementLevel: "remediate",
    remediateResource: ({ urn, props }) => {
      asked.set(urn, plainProps(props));
      return undefined;
    },
  };
}

function policyOf(
  guardrail: Guardrail,
  run: Run,
): ResourceValidationPolicy & StackValidationPolicy {
  const { name, description, severity, remedy } = guardrail;
  const said = new Set<string>();
  const tell = (sentences: readonly string[], report: ReportViolation): void => {
    const fresh = sentences.filter((each) => !said.has(each));
    for (const [index, sentence] of fresh.entries()) {
      said.add(sentence);
      // The engine doesn't print a policy's remedy. Once is enough for all that is wrong with a resource.
      report(index < fresh.length - 1 ? sentence : `${sentence} ${remedy}`);
    }
  };
  return {
    name,
    description,
    severity,
    remediationSteps: remedy,
    enforcementLevel: "mandatory",
    validateResource: async ({ type, name, urn, props, opts }, report) => {
      const plain = run.asked.get(urn) ?? { ...plainProps(props), secrets: [] };
      const resource = { type, name, urn, ...plain, protect: opts.protect, refersTo: {} };
      tell(judgeAlone(guardrail, resource, await surroundingsSoFar(resource, run)), report);
    },
    validateStack: async ({ resources }, report) => {
      const guarded = resources.map((resource) => guardedResource(resource, run));
      const surroundings = await surroundingsAt(placeOf(guarded), run);
      tell(judgeStack(guardrail, { resources: guarded, ...surroundings }), report);
    },
  };
}

/**
 * What is around a resource before it is made. Until a resource of Tollgate's has told where the stack is, only what
 * holds in every environment is asked of it; at the end it is judged again.
 */
async function surroundingsSoFar(resource: GuardedResource, run: Run): Promise<Surroundings> {
  run.place = placeOf([resource]) ?? run.place;
  if (run.place === null) {
    return { production: false, exposed: [resource.name], places: {}, neighbours: [] };
  }
  return surroundingsAt(run.place, run);
}

/** Reads the settings once for a run. */
function surroundingsAt(place: Place | null, { surroundings }: Run): Promise<Surroundings> {
  const key = JSON.stringify(place);
  const known = surroundings.get(key) ?? surroundingsOf(place);
  surroundings.set(key, known);
  return known;
}

function guardedResource(resource: PolicyResource, { asked }: Run): GuardedResource {
  const { type, name, urn, opts, propertyDependencies } = resource;
  return {
    type,
    name,
    urn,
    ...(asked.get(urn) ?? { props: plainProps(resource.props).props, secrets: null }),
    protect: opts.protect,
    refersTo: Object.fromEntries(
      Object.entries(propertyDependencies).map(([property, sources]) => [
        property,
        sources.map((source) => source.urn),
      ]),
    ),
  };
}
