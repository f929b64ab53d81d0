import assert from "node:assert/strict";
import { betterThanDeployed } from "../../policies/gates/better-than-deployed";
import { betterThanTrivial } from "../../policies/gates/better-than-trivial";
import { metricFloor } from "../../policies/gates/metric-floor";
import { robustness } from "../../policies/gates/robustness";
import { slices } from "../../policies/gates/slices";
import type { Gate } from "../../policies/gate";
import type { Evidence } from "../../registry/evidence";
import { candidate, evidence } from "./fixtures";

type Target = NonNullable<Evidence["targets"]>[number];

function target(name: string, r2: number, changes: Partial<Target> = {}): Target {
  return {
    name,
    metrics: { r2, mae: 1, rmse: 2 },
    trivial: {
      metric: "rmse",
      answer: "3.5",
      candidate: 2,
      trivial: 4,
      test: "paired-bootstrap",
      pValue: 0.001,
      resamples: 1999,
      rows: 400,
    },
    slices: [],
    robustness: [],
    comparison: {
      problem: null,
      quality: {
        ...evidence.comparison!.quality!,
        metric: "r2",
        candidate: r2,
        deployed: r2,
        loss: 0,
        lossAtMost: 0.01,
        test: "paired-bootstrap",
      },
      predictions: null,
    },
    ...changes,
  };
}

const judged = (price: Target, days: Target) =>
  candidate({
    evidence: {
      ...evidence,
      task: "regression",
      metrics: {
        r2: Math.min(price.metrics.r2!, days.metrics.r2!),
        "r2:price": price.metrics.r2!,
        "r2:days": days.metrics.r2!,
        "rmse:price": 2,
        "rmse:days": 2,
      },
      support: { distinctRows: 400, positive: null, classes: null },
      comparison: { ...evidence.comparison!, quality: null, predictions: null },
      targets: [price, days],
    },
  });

const findings = (gate: Gate, of: ReturnType<typeof judged>, settings: unknown = {}) =>
  gate
    .check(of, gate.settings.parse(settings))
    .map(({ subject, code, reason }) => [subject, code, reason.slice(0, 30)]);

describe("several numbers of a regression", () => {
  const good = judged(target("price", 0.8), target("days", 0.7));

  it("are judged one by one, each finding by its name", () => {
    assert.deepEqual(findings(betterThanTrivial, good), [
      ["price rmse", "ok", "price: churn-model v2 has rmse"],
      ["days rmse", "ok", "days: churn-model v2 has rmse "],
    ]);
    assert.deepEqual(
      findings(betterThanDeployed, good, { metric: "r2" }).map(([subject, code]) => [
        subject,
        code,
      ]),
      [
        ["price r2", "ok"],
        ["days r2", "ok"],
      ],
    );
  });

  it("are refused by the worst of them", () => {
    const days = target("days", 0.2, { trivial: { ...target("days", 0).trivial, candidate: 5 } });
    const bad = judged(target("price", 0.95), days);
    assert.deepEqual(
      findings(betterThanTrivial, bad).map(([subject, code]) => [subject, code]),
      [
        ["price rmse", "ok"],
        ["days rmse", "not-better"],
      ],
    );
    const [floor] = metricFloor.check(bad, metricFloor.settings.parse({ floors: { r2: 0.5 } }));
    assert.deepEqual([floor!.code, floor!.value], ["below-floor", 0.2]);
  });

  it("have floors and ceilings by name, and none of an error over all", () => {
    const codes = (settings: unknown) =>
      findings(metricFloor, good, settings).map(([subject, code]) => `${subject}: ${code}`);
    assert.deepEqual(codes({ floors: { "r2:days": 0.75 }, ceilings: { "rmse:price": 2 } }), [
      "r2:days: below-floor",
      "rmse:price: ok",
    ]);
    assert.deepEqual(codes({ ceilings: { rmse: 2 } }), ["rmse: missing"]);
    assert.throws(() => metricFloor.settings.parse({ floors: { "r2:days": 2 } }), /of at most 1/);
  });

  it("are each refused where nothing was measured", () => {
    const wanted = {
      slices: { slices: { a: { where: "x > 1", floor: 0.5 } } },
      robustness: { noise: {} },
    };
    for (const [gate, settings] of [
      [slices, wanted.slices],
      [robustness, wanted.robustness],
    ] as const) {
      assert.deepEqual(
        findings(gate, good, settings).map(([, code]) => code),
        ["not-measured", "not-measured"],
      );
    }
  });
});
