import assert from "node:assert/strict";
import { judgeBytes } from "../../policies/before-loading";
import type { GateConfigurations } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { compliantEvidence } from "../support/evidence";
import { asReviewed, candidate } from "./fixtures";

describe("judgeBytes", () => {
  const { model, code, dependencies } = compliantEvidence();
  const bytes = { model, code, dependencies };
  const all: GateConfigurations = Object.fromEntries(
    gates.map(({ name }) => [name, { level: "mandatory", settings: {} }]),
  );
  const limited = {
    ...all,
    size: { level: "mandatory", settings: { modelBytes: 4095, memoryBytes: 1 } },
  } as const;

  it("asks the gates that judge bytes alone, for what bytes alone tell", () => {
    const verdicts = judgeBytes(candidate(), bytes, limited);
    assert.deepEqual(
      verdicts.map(({ gate, subject, passed }) => [gate, subject, passed]),
      [
        ["safe-code", "model.pkl", true],
        ["dependencies", "pins", true],
        ["dependencies", "vulnerabilities", true],
        ["size", "model", false],
      ],
    );
  });

  it("leaves out size where it has no limit for bytes", () => {
    const named = judgeBytes(candidate(), bytes, all).map(({ gate }) => gate);
    assert.deepEqual([...new Set(named)], ["safe-code", "dependencies"]);
  });

  it("says nothing of settings that weren't reviewed, however strict their gate is", () => {
    const difference = { field: "tier", value: "dev", reviewed: "prod", by: null };
    const review = { ...asReviewed, differences: [difference], level: "mandatory" as const };
    const verdicts = judgeBytes({ ...candidate(), review }, bytes, all);
    assert.ok(verdicts.every(({ gate }) => gate !== "settings-reviewed"));
  });
});
