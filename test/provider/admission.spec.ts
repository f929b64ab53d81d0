// The gates themselves are tested with the policies; this is how the provider records what they admitted.
import assert from "node:assert/strict";
import type { AdmissionInputs } from "../../provider/inputs";
import { admissionType } from "../../provider/types/admission";
import { admissionOf, documentOf } from "../policies/fixtures";
import { compliantCandidate, compliantEvidence } from "../support/fixtures";

function inputs(change: Partial<AdmissionInputs> = {}): AdmissionInputs {
  const disabled = { level: "disabled", settings: {} } as const;
  const floor = {
    level: "mandatory",
    settings: { floors: { accuracy: 0.9 }, ceilings: {} },
  } as const;
  const gates = {
    ...Object.fromEntries(gateNames.map((name) => [name, disabled])),
    "metric-floor": floor,
  };
  return { ...admissionOf(compliantCandidate(), gates), ...change };
}

let gateNames: string[] = [];

describe("admissionType", () => {
  before(async () => {
    const { gates } = await import("../../policies/gates");
    gateNames = gates.map(({ name }) => name);
  });

  it("records the model's address, made of name and version", async () => {
    const { id, outputs } = await admissionType.create(inputs());
    assert.equal(id, "staging:churn-model");
    assert.equal(outputs.modelUri, "models:/churn-model/2");
  });

  it("passes what the gates accept", async () => {
    assert.deepEqual((await admissionType.check(null, inputs())).failures, []);
  });

  it("refuses a version below its floor, with the gate's name and both numbers", async () => {
    const weak = { ...compliantEvidence(), metrics: { accuracy: 0.894 } };
    const low = inputs({ evidence: documentOf(weak) });
    const { failures } = await admissionType.check(null, low);
    assert.equal(failures.length, 1);
    assert.match(failures[0]!.reason, /^metric-floor: .*0\.894.*0\.9/);
  });

  it("sees a change of pin, evidence, gates, approvals and waivers, and none without", async () => {
    const { outputs } = await admissionType.create(inputs());
    const changes = async (change: Partial<AdmissionInputs>) =>
      (await admissionType.diff("id", outputs, inputs(change))).changes;
    assert.equal(await changes({}), false);
    assert.equal(await changes({ pin: { ...outputs.pin, version: "3" } }), true);
    assert.equal(await changes({ evidence: null }), true);
    assert.equal(await changes({ gates: {} }), true);
    assert.equal(await changes({ approvals: ["{}"] }), true);
    assert.equal(await changes({ waivers: ["{}"] }), true);
  });
});
