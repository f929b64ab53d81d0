// The policies without the pack's server. What the engine makes of their answers is shown by the engine's own tests.
import assert from "node:assert/strict";
import type {
  PolicyResource,
  ResourceValidation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { unknownCheckingProxy, unknownStringValue } from "../policies/unknowns";
import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateLevel } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { guardrailPolicies } from "../../pack/guardrails";
import { policies } from "../../pack/policies";
import { admissionOf, candidate, withEvidence, withoutEvidence } from "../policies/fixtures";

function props(judged: Candidate, level: GateLevel = "mandatory"): Record<string, unknown> {
  const { configurations } = resolveGateConfigurations({}, { ...gateDefaults("staging"), level });
  return { ...admissionOf(judged, configurations) };
}

type Asked = ResourceValidationPolicy & Partial<StackValidationPolicy>;

/** What the whole pack reports of one resource, by policy, as its server would ask it before the resource is made. */
async function reported(inputs: Record<string, unknown>, type = "tollgate:index:Admission") {
  const reports: [string, string][] = [];
  for (const { name, validateResource } of policies as Asked[]) {
    const validate = validateResource as ResourceValidation;
    const urn = `urn:pulumi:prod::churn::${type}::one`;
    const props = unknownCheckingProxy(inputs);
    const args = { type, props, name: "one", urn, opts: { protect: false } };
    await validate(args as unknown as ResourceValidationArgs, (sentence) => {
      reports.push([name, sentence]);
    });
  }
  return reports;
}

/** What the whole pack reports of a stack of one resource, at the end of a preview. */
async function reportedAtEnd(type: string, props: Record<string, unknown>) {
  const reports: [string, string][] = [];
  const urn = `urn:pulumi:prod::churn::${type}::two`;
  const rest = { opts: { protect: false }, dependencies: [], propertyDependencies: {} };
  const resource = { type, name: "two", urn, props: unknownCheckingProxy(props), ...rest };
  const args = { resources: [resource as unknown as PolicyResource] };
  for (const { name, validateStack } of policies as Asked[]) {
    await validateStack?.(args as unknown as StackValidationArgs, (sentence) => {
      reports.push([name, sentence]);
    });
  }
  return reports;
}

const weak = withEvidence("metrics", { accuracy: 0.894 });
const sentence =
  "churn-model v2 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006). " +
  "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.";

describe("policies", () => {
  it("has a mandatory and an advisory policy for each gate, named after it", () => {
    const levels = policies.map(({ name, enforcementLevel }) => [name, enforcementLevel]);
    assert.deepEqual(levels, [
      ...gates.flatMap(({ name }) => [
        [name, "mandatory"],
        [`${name}-advisory`, "advisory"],
      ]),
      ...guardrailPolicies.map(({ name, enforcementLevel }) => [name, enforcementLevel]),
    ]);
  });

  it("reports nothing for a version that passes", async () => {
    assert.deepEqual(await reported(props(candidate())), []);
  });

  it("refuses by the mandatory policy of a mandatory gate", async () => {
    assert.deepEqual(await reported(props(weak)), [["metric-floor", sentence]]);
  });

  it("reports by the advisory policy of an advisory gate", async () => {
    assert.deepEqual(await reported(props(weak, "advisory")), [
      ["metric-floor-advisory", sentence],
    ]);
  });

  it("refuses once when there is no evidence", async () => {
    assert.deepEqual(await reported(props(withoutEvidence())), [
      ["evidence-present", "churn-model v2 has no evidence; run `tollgate evaluate`."],
    ]);
  });

  it("refuses a value not known yet by every mandatory policy, and by no note", async () => {
    const reports = await reported({ ...props(candidate()), evidence: unknownStringValue });
    assert.deepEqual(
      reports.map(([name]) => name),
      gates.map(({ name }) => name),
    );
    assert.equal(
      reports[0]![1],
      "evidence-present can't judge this pin: string value at .evidence can't be known during preview",
    );
  });

  it("refuses gates that can't be run", async () => {
    const reports = await reported({ ...props(candidate()), gates: {} });
    assert.equal(reports.length, gates.length);
    assert.match(reports[0]![1], /^evidence-present can't judge this pin: Gate evidence-present /);
  });

  it("leaves other resources alone, and tells the server so", async () => {
    assert.deepEqual(await reported({}, "tollgate:index:Route"), []);
    for (const policy of (policies as ResourceValidationPolicy[]).slice(0, 2 * gates.length)) {
      const validate = policy.validateResource as { __pulumiType?: string };
      assert.equal(validate.__pulumiType, "tollgate:index:Admission");
    }
  });

  describe("guardrails", () => {
    const deployment = "kubernetes:apps/v1:Deployment";
    const bucket = "aws:s3/bucket:Bucket";
    const pod = { containers: [{ name: "scorer", image: "scorer:latest" }] };
    /** What a guardrail reports, its remedy after the last sentence. */
    const said = (name: string, ...sentences: string[]) => {
      const { remediationSteps } = policies.find((policy) => policy.name === name)!;
      const last = `${sentences.pop()!} ${remediationSteps!}`;
      return [...sentences, last].map((sentence) => [name, sentence]);
    };

    it("refuse a deployment whose image is named by a tag, before it is made", async () => {
      assert.deepEqual(
        await reported({ spec: { template: { spec: pod } } }, deployment),
        said("images-by-digest", `${deployment} one runs scorer from the image "scorer:latest".`),
      );
    });

    it("refuse a bucket with nothing beside it, at the end of a preview, and say once how to mend it", async () => {
      assert.deepEqual(await reportedAtEnd(bucket, { forceDestroy: true }), [
        ...said(
          "store-private",
          `${bucket} two lacks versioning.`,
          `${bucket} two lacks encryption.`,
          `${bucket} two lacks a block of all public access.`,
        ),
        ...said(
          "deletion-protection",
          `${bucket} two has true for forceDestroy, which must be false.`,
          `${bucket} two lacks the resource option protect.`,
        ),
      ]);
    });

    it("refuse a template not known yet", async () => {
      assert.deepEqual(
        await reported({ spec: { template: unknownStringValue } }, deployment),
        said("images-by-digest", `${deployment} one has containers not known yet.`),
      );
    });
  });
});
