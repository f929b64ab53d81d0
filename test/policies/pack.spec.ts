// The policies without the pack's server. What the engine makes of their answers is shown by the engine's own tests.
import assert from "node:assert/strict";
import type { ResourceValidation, ResourceValidationPolicy } from "@pulumi/policy";
import { unknownCheckingProxy, unknownStringValue } from "./unknowns";
import { resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateLevel } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { policies } from "../../policies/pack";
import { candidate, override, withEvidence, withoutEvidence } from "./fixtures";

function props(judged: Candidate, level: GateLevel = "mandatory"): Record<string, unknown> {
  const { configurations } = resolveGateConfigurations(
    {},
    { level, settings: { "metric-floor": { floors: { accuracy: 0.9 } }, latency: null } },
  );
  return { ...judged, gates: configurations };
}

/** What the whole pack reports of one resource, by policy, as its server would ask it. */
function reported(inputs: Record<string, unknown>, type = "tollgate:index:Admission") {
  const reports: [string, string][] = [];
  for (const policy of policies as ResourceValidationPolicy[]) {
    const validate = policy.validateResource as ResourceValidation | undefined;
    const args = { type, props: unknownCheckingProxy(inputs), name: "pin", urn: "urn" };
    void validate?.(args as unknown as Parameters<ResourceValidation>[0], (sentence) => {
      reports.push([policy.name, sentence]);
    });
  }
  return reports;
}

const weak = withEvidence("metrics", { accuracy: 0.894 });
const sentence =
  "churn-model v2 has accuracy 0.894, below the floor 0.9 (margin -0.006). " +
  "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.";

describe("policies", () => {
  it("has a mandatory and an advisory policy for each gate, named after it", () => {
    const levels = policies.map(({ name, enforcementLevel }) => [name, enforcementLevel]);
    assert.deepEqual(levels, [
      ...gates.flatMap(({ name }) => [
        [name, "mandatory"],
        [`${name}-advisory`, "advisory"],
      ]),
      ["serves-what-was-admitted", "mandatory"],
    ]);
  });

  it("reports nothing for a version that passes", () => {
    assert.deepEqual(reported(props(candidate())), []);
  });

  it("refuses by the mandatory policy of a mandatory gate", () => {
    assert.deepEqual(reported(props(weak)), [["metric-floor", sentence]]);
  });

  it("reports by the advisory policy of an advisory gate", () => {
    assert.deepEqual(reported(props(weak, "advisory")), [["metric-floor-advisory", sentence]]);
  });

  it("reports nothing of an overridden refusal", () => {
    assert.deepEqual(reported(props({ ...weak, override })), []);
  });

  it("refuses once when there is no evidence", () => {
    assert.deepEqual(reported(props(withoutEvidence())), [
      ["evidence-present", "churn-model v2 has no evidence; run `tollgate evaluate`."],
    ]);
  });

  it("refuses a value not known yet by every mandatory policy, and by no note", () => {
    const unknown = withEvidence("metrics", { accuracy: unknownStringValue as never });
    const reports = reported(props(unknown));
    assert.deepEqual(
      reports.map(([name]) => name),
      gates.map(({ name }) => name),
    );
    assert.equal(
      reports[0]![1],
      "evidence-present can't judge this pin: string value at .evidence.metrics.accuracy can't be known during preview",
    );
  });

  it("refuses gates that can't be run", () => {
    const reports = reported({ ...props(candidate()), gates: {} });
    assert.equal(reports.length, gates.length);
    assert.match(reports[0]![1], /^evidence-present can't judge this pin: Gate evidence-present /);
  });

  it("leaves other resources alone, and tells the server so", () => {
    assert.deepEqual(reported({}, "tollgate:index:Route"), []);
    for (const policy of (policies as ResourceValidationPolicy[]).slice(0, -1)) {
      const validate = policy.validateResource as { __pulumiType?: string };
      assert.equal(validate.__pulumiType, "tollgate:index:Admission");
    }
  });
});
