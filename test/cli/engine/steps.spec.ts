import assert from "node:assert/strict";
import type { Operation, Step } from "../../../cli/engine/events";
import { countLine, doneLine, isShown, kindOf, plannedLine } from "../../../cli/engine/steps";

function step(operation: Operation, changes: Partial<Step> = {}): Step {
  return {
    urn: "urn",
    type: "tollgate:index:ReleaseCheck",
    name: "check",
    operation,
    properties: [],
    state: "done",
    aside: false,
    startedAt: 0,
    endedAt: 1,
    before: null,
    after: null,
    found: [],
    ...changes,
  };
}

describe("isShown", () => {
  it("leaves out what doesn't change, groupings and the engine's own", () => {
    assert.equal(isShown(step("create")), true);
    assert.equal(isShown(step("same")), false);
    assert.equal(isShown(step("create", { type: "tollgate:component:ModelPin" })), false);
    assert.equal(isShown(step("create", { type: "pulumi:providers:tollgate" })), false);
  });
});

describe("plannedLine", () => {
  it("names an update's properties", () => {
    const line = plannedLine(step("update", { properties: ["host", "port"] }));
    assert.equal(line, "~ update   release check check (host, port)");
  });
});

describe("doneLine", () => {
  it("tells the time of what took a second or more", () => {
    assert.equal(doneLine(step("create"), 999), "+ created  release check check");
    assert.equal(doneLine(step("delete"), 1500), "- removed  release check check  1.5 s");
  });

  it("says what failed, and nothing about what is under way", () => {
    assert.equal(
      doneLine(step("create", { state: "failed" }), 5),
      "x failed   release check check",
    );
    assert.equal(doneLine(step("create", { state: "started" }), 5), null);
  });
});

describe("countLine", () => {
  it("counts by operation", () => {
    const steps = [step("create"), step("create"), step("delete"), step("same")];
    assert.equal(countLine(steps, "done"), "2 created, 1 removed");
    assert.equal(countLine(steps, "planned"), "2 to create, 1 to remove");
    assert.equal(countLine([step("same")], "done"), "no changes");
  });
});

describe("kindOf", () => {
  it("says a type as people do", () =>
    assert.equal(kindOf("tollgate:index:StageAlias"), "stage alias"));
});
