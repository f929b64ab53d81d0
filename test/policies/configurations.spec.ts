import assert from "node:assert/strict";
import {
  gateDefaults,
  type GateDefaults,
  gatesSchema,
  resolveGateConfigurations,
} from "../../policies/configurations";
import { gates } from "../../policies/gates";

/** Gates that have nothing to judge until a stack says what. */
const off = gateDefaults("staging").settings;

const tier: GateDefaults = {
  level: "mandatory",
  settings: {
    ...off,
    "metric-floor": { floors: { accuracy: 0.9, f1: 0.8 } },
    latency: { p95Ms: 50 },
    approvals: { required: 2 },
  },
};

/** Configuration of one gate for an input that is right. */
function resolved(name: string, input: Record<string, unknown> = {}, defaults = tier) {
  assert.equal(gatesSchema.safeParse(input).success, true);
  const { configurations, problems } = resolveGateConfigurations(input, defaults);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    Object.keys(configurations),
    gates.map((gate) => gate.name),
  );
  return configurations[name];
}

describe("resolveGateConfigurations", () => {
  it("gives every gate the tier's level and settings", () => {
    assert.deepEqual(resolved("metric-floor"), {
      level: "mandatory",
      settings: { floors: { accuracy: 0.9, f1: 0.8 }, ceilings: {}, significance: 0.05 },
    });
    assert.deepEqual(resolved("approvals"), {
      level: "mandatory",
      settings: { required: 2, approvers: [] },
    });
    assert.deepEqual(resolved("lineage-complete"), {
      level: "mandatory",
      settings: { allowDirty: false },
    });
  });

  it("lets an entry with settings replace the tier's entirely", () => {
    assert.deepEqual(resolved("metric-floor", { "metric-floor": { floors: { recall: 0.7 } } }), {
      level: "mandatory",
      settings: { floors: { recall: 0.7 }, ceilings: {}, significance: 0.05 },
    });
  });

  it("keeps the tier's settings for an entry with nothing but a level", () => {
    assert.deepEqual(resolved("metric-floor", { "metric-floor": { level: "advisory" } }), {
      level: "advisory",
      lowered: "mandatory",
      settings: { floors: { accuracy: 0.9, f1: 0.8 }, ceilings: {}, significance: 0.05 },
    });
  });

  it("takes the entry's level before the level of all gates, and that before the tier's", () => {
    const input = { level: "advisory", smoke: { level: "mandatory" } };
    assert.equal(resolved("smoke", input)!.level, "mandatory");
    assert.equal(resolved("latency", input)!.level, "advisory");
  });

  it("disables a gate the tier has no limits for, until the stack gives some", () => {
    const dev: GateDefaults = { level: "advisory", settings: { ...off, latency: null } };
    assert.deepEqual(resolved("latency", {}, dev), { level: "disabled", settings: {} });
    assert.equal(resolved("latency", { level: "mandatory" }, dev)!.level, "disabled");
    assert.deepEqual(resolved("latency", { latency: { p95Ms: 80 } }, dev), {
      level: "advisory",
      settings: { p95Ms: 80, concurrency: 1 },
    });
  });

  it("refuses a gate that is switched on with a setting missing", () => {
    const dev: GateDefaults = { level: "advisory", settings: { ...off, latency: null } };
    const { problems } = resolveGateConfigurations({ latency: { level: "mandatory" } }, dev);
    assert.deepEqual(problems, [
      { path: ["latency", "p95Ms"], text: "missing, expected a number" },
    ]);
  });
});

describe("gatesSchema", () => {
  it("knows every gate by itself", () => {
    assert.deepEqual(Object.keys(gatesSchema.shape), ["level", ...gates.map(({ name }) => name)]);
  });

  for (const wrong of [
    { "metric-flor": {} },
    { "metric-floor": { floor: { accuracy: 0.9 } } },
    { "metric-floor": { floors: { accuracy: 90 } } },
    { "metric-floor": { floors: { accuracy: "0.9" } } },
    { approvals: { required: 1.5 } },
    { latency: { level: "on" } },
    { level: "off" },
    { smoke: true },
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.equal(gatesSchema.safeParse(wrong).success, false);
    });
  }
});
