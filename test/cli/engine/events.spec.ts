import assert from "node:assert/strict";
import fc from "fast-check";
import {
  emptyReport,
  type EngineEvent,
  nameOf,
  parseEvent,
  take,
} from "../../../cli/engine/events";
import { doneLine } from "../../../cli/engine/steps";

const urn = "urn:pulumi:dev::churn::tollgate:index:Process::router";

function stepEvent(
  kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  op: string,
  more: Record<string, unknown> = {},
  planning = false,
): EngineEvent {
  return {
    timestamp: kind === "resourcePreEvent" ? 100 : 104,
    [kind]: { metadata: { op, urn, type: "tollgate:index:Process", ...more }, planning },
  };
}

describe("take", () => {
  it("follows one resource from its start to its end", () => {
    const report = emptyReport();
    assert.equal(take(report, stepEvent("resourcePreEvent", "create"))?.state, "started");
    const step = take(report, stepEvent("resOutputsEvent", "create"));
    assert.deepEqual([step?.state, step?.startedAt, step?.endedAt], ["done", 100, 104]);
    assert.equal(report.steps.size, 1);
  });

  it("marks a resource whose operation failed", () => {
    const report = emptyReport();
    take(report, stepEvent("resourcePreEvent", "update"));
    assert.equal(take(report, stepEvent("resOpFailedEvent", "update"))?.state, "failed");
  });

  it("calls what a preview shows planned", () => {
    const step = take(emptyReport(), stepEvent("resourcePreEvent", "create", {}, true));
    assert.equal(step?.state, "planned");
  });

  for (const [op, operation] of [
    ["create", "create"],
    ["import", "create"],
    ["same", "same"],
    ["refresh", "refresh"],
    ["delete", "delete"],
    ["create-replacement", "replace"],
    ["delete-replaced", "replace"],
    ["replace", "replace"],
  ] as const) {
    it(`reads the engine's ${op} as ${operation}`, () => {
      assert.equal(take(emptyReport(), stepEvent("resourcePreEvent", op))?.operation, operation);
    });
  }

  it("makes one replacement of the steps of one URN, and one line", () => {
    const report = emptyReport();
    const lines = ["create-replacement", "replace", "delete-replaced"].map((op) => {
      take(report, stepEvent("resourcePreEvent", op));
      return doneLine(take(report, stepEvent("resOutputsEvent", op))!, 5);
    });
    assert.deepEqual(lines, ["± replaced process router", null, null]);
    const failed = take(report, stepEvent("resOpFailedEvent", "delete-replaced"))!;
    assert.equal(doneLine(failed, 5), "x failed   process router");
    assert.deepEqual(
      [...report.steps.values()].map(({ operation }) => operation),
      ["replace"],
    );
  });

  it("finds the properties that differ where the provider doesn't name them", () => {
    const step = take(
      emptyReport(),
      stepEvent("resourcePreEvent", "update", {
        old: { inputs: { port: 1, host: "a", gone: true } },
        new: { inputs: { port: 2, host: "a" } },
      }),
    );
    assert.deepEqual(step?.properties, ["gone", "port"]);
  });

  it("takes the properties that the provider names", () => {
    const named = { diffs: ["b"], detailedDiff: { "a.x": {} } };
    const step = take(emptyReport(), stepEvent("resourcePreEvent", "update", named));
    assert.deepEqual(step?.properties, ["a.x", "b"]);
  });

  it("tells what a refresh found by the outputs", () => {
    const outputs = {
      old: { inputs: {}, outputs: { status: "running", port: 1 } },
      new: { inputs: {}, outputs: { status: "dead", port: 1 } },
    };
    const step = take(emptyReport(), stepEvent("resOutputsEvent", "update", outputs));
    assert.deepEqual(step?.found, [{ property: "status", from: "running", to: "dead" }]);
  });

  it("keeps outputs of the program, diagnostics, violations and the summary", () => {
    const report = emptyReport();
    const events: EngineEvent[] = [
      {
        timestamp: 1,
        resOutputsEvent: {
          metadata: {
            op: "same",
            urn: "urn:pulumi:dev::churn::pulumi:pulumi:Stack::churn-dev",
            type: "pulumi:pulumi:Stack",
            new: { outputs: { url: "http://x" } },
          },
        },
      },
      { timestamp: 1, diagnosticEvent: { severity: "debug", message: "left out" } },
      { timestamp: 1, diagnosticEvent: { severity: "error", message: "no", urn } },
      {
        timestamp: 1,
        policyEvent: { policyName: "smoke", enforcementLevel: "mandatory", message: "refused\n" },
      },
      { timestamp: 2, summaryEvent: { resourceChanges: { same: 1 }, result: "succeeded" } },
    ];
    for (const event of events) take(report, event);
    assert.deepEqual(report.outputs, { url: "http://x" });
    assert.deepEqual(report.diagnostics, [
      { severity: "error", resource: "router", message: "no" },
    ]);
    assert.deepEqual(report.violations, [
      { policy: "smoke", level: "mandatory", message: "refused" },
    ]);
    assert.deepEqual([report.succeeded, report.changes], [true, { same: 1 }]);
  });
});

describe("parseEvent", () => {
  it("never throws, whatever a killed engine left in the file", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        const event = parseEvent(line);
        assert.ok(event === null || typeof event === "object");
      }),
    );
  });
});

describe("nameOf", () => {
  it("is what follows the type, whatever it is made of", () => {
    assert.equal(nameOf(urn), "router");
  });
});
