import assert from "node:assert/strict";
import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { GateConfigurations, GateLevel } from "../../policies/gate";
import {
  blocked,
  GateConfigurationError,
  judge,
  refusalSummary,
  withoutEchoes,
} from "../../policies/judge";
import type { WaiverPredicate } from "../../trust/types";
import { candidate, digestOf, waiver, waiverOn, withEvidence, withoutEvidence } from "./fixtures";

const defaults = gateDefaults("staging");

function configured(level: GateLevel = "mandatory", input = {}): GateConfigurations {
  const { configurations, problems } = resolveGateConfigurations(input, {
    level,
    settings: { ...defaults.settings, "metric-floor": { floors: { accuracy: 0.9, f1: 0.8 } } },
  });
  assert.deepEqual(problems, []);
  return configurations;
}

const weak = withEvidence("metrics", { accuracy: 0.894 });

describe("judge", () => {
  it("says of a gate that was told nothing to judge to tell it, not to mend the model", () => {
    const verdicts = judge(candidate(), configured("mandatory", { slices: { slices: {} } }));
    const [slices] = verdicts.filter(({ gate }) => gate === "slices");
    assert.equal(slices?.code, "no-slice");
    assert.equal(
      slices.remedy,
      "Name what it is to judge under tollgate:gates.slices, or take that entry out.",
    );
  });

  it("gives the verdicts of all gates in the order of the list", () => {
    assert.deepEqual(
      judge(candidate(), configured()).map(({ gate, subject, status }) => [gate, subject, status]),
      [
        ["evidence-present", null, "passed"],
        ["evidence-signed", null, "passed"],
        ["training-signed", null, "passed"],
        ["digest-matches", null, "passed"],
        ["provenance", "data", "passed"],
        ["provenance", "author", "passed"],
        ["provenance", "tags", "passed"],
        ["provenance", "leakage", "passed"],
        ["provenance", "clock", "passed"],
        ["provenance", "model-signature", "passed"],
        ["lineage-complete", null, "passed"],
        ["pack-recorded", null, "passed"],
        ["settings-reviewed", null, "passed"],
        ["safe-code", "model.pkl", "passed"],
        ["dependencies", "pins", "passed"],
        ["dependencies", "vulnerabilities", "passed"],
        ["schema-present", null, "passed"],
        ["contract", null, "passed"],
        ["smoke", null, "passed"],
        ["metric-floor", "accuracy", "passed"],
        ["metric-floor", "f1", "passed"],
        ["better-than-trivial", "balanced-accuracy", "passed"],
        ["better-than-deployed", "accuracy", "passed"],
        ["latency", "p95", "passed"],
        ["approvals", null, "passed"],
      ],
    );
  });

  it("gives the same verdicts when the engine has put the keys in another order", () => {
    const reversed = <T extends object>(value: T) =>
      Object.fromEntries(Object.entries(value).reverse()) as T;
    const metrics = reversed(weak.evidence!.metrics);
    const shuffled = { ...weak, evidence: { ...weak.evidence!, metrics } };
    assert.deepEqual(judge(shuffled, reversed(configured())), judge(weak, configured()));
  });

  it("carries level and remedy with a refusal", () => {
    const refused = judge(weak, configured("advisory")).filter(({ passed }) => !passed);
    assert.deepEqual(refused, [
      {
        gate: "metric-floor",
        level: "advisory",
        status: "refused",
        remedy:
          "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.",
        passed: false,
        subject: "accuracy",
        code: "below-floor",
        value: 0.894,
        threshold: 0.9,
        margin: -0.006,
        reason:
          "churn-model v2 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006).",
        waiver: null,
      },
    ]);
  });

  it("leaves out disabled gates", () => {
    const verdicts = judge(
      weak,
      configured("mandatory", { "metric-floor": { level: "disabled" } }),
    );
    assert.equal(
      verdicts.some(({ gate }) => gate === "metric-floor"),
      false,
    );
  });

  it("refuses by every gate that needs evidence when there is none", () => {
    const verdicts = judge(
      withoutEvidence(),
      configured("mandatory", { approvals: { required: 1 } }),
    );
    const passed = verdicts.filter(({ status }) => status !== "refused");
    assert.deepEqual(
      passed.map(({ gate }) => gate),
      ["pack-recorded", "settings-reviewed"],
    );
  });

  describe("with a waiver", () => {
    const waived = (judged: typeof weak, change: Partial<WaiverPredicate> = {}) => ({
      ...judged,
      waivers: [waiverOn(judged, change)],
    });

    it("releases the refusal of the gate, version and digest that it names, and says so", () => {
      const verdicts = judge(waived(weak), configured());
      const verdict = verdicts.find(({ passed }) => !passed)!;
      assert.equal(verdict.status, "waived");
      assert.deepEqual(verdict.waiver, {
        owner: waiver.owner,
        reason: waiver.reason,
        expires: waiver.expires,
      });
      assert.equal(blocked(verdicts), false);
    });

    for (const [what, change] of [
      ["gate", { gate: "latency" }],
      ["version", { version: "1" }],
      ["digest", { digest: digestOf("b") }],
      ["environment", { stack: "prod" }],
      ["evidence", { evidence: digestOf("9") }],
      [
        "value, which was better",
        {
          refusals: [{ subject: "accuracy", code: "below-floor", value: 0.895, threshold: 0.9 }],
        },
      ],
      ["owner than its signer", { owner: "bea@example.com" }],
      ["time, as it has expired", { expires: "2026-02-01T12:00:00.000Z" }],
    ] as const) {
      it(`refuses to take one for another ${what}`, () => {
        assert.equal(blocked(judge(waived(weak, change), configured())), true);
      });
    }

    it("refuses to waive the gates of bytes, evidence, provenance and people", () => {
      const other = candidate({ registryDigest: digestOf("b") });
      assert.equal(blocked(judge(waived(other, { gate: "digest-matches" }), configured())), true);
      const none = waived(withoutEvidence(), { gate: "evidence-present" });
      assert.equal(blocked(judge(none, configured())), true);
      const elsewhere = waived(candidate({ evaluationDigest: digestOf("b") }), {
        gate: "provenance",
      });
      assert.equal(blocked(judge(elsewhere, configured())), true);
      const one = configured("mandatory", { approvals: { required: 1 } });
      assert.equal(blocked(judge(waived(candidate(), { gate: "approvals" }), one)), true);
    });
  });

  it("refuses an unknown gate, and names the nearest", () => {
    const wrong = { ...configured(), "metric-flor": { level: "mandatory", settings: {} } } as const;
    assert.throws(
      () => judge(candidate(), wrong),
      new GateConfigurationError(
        'tollgate:gates names no gate "metric-flor"; did you mean metric-floor?',
      ),
    );
  });

  it("refuses a gate without configuration: a gate that isn't named doesn't pass", () => {
    const rest = Object.fromEntries(
      Object.entries(configured()).filter(([name]) => name !== "smoke"),
    );
    assert.throws(
      () => judge(candidate(), rest),
      new GateConfigurationError(
        "Gate smoke has nothing for its level; give it one of mandatory, advisory, disabled under tollgate:gates.",
      ),
    );
  });

  it("refuses a level that is none, such as a value not known yet", () => {
    const level = "04da6b54-80e4-46f7-96ec-b56ff0331ba9" as GateLevel;
    assert.throws(
      () => judge(candidate(), { ...configured(), smoke: { level, settings: {} } }),
      /^GateConfigurationError: Gate smoke has "04da6b54-80e4-46f7-96ec-b56ff0331ba9" for its level/,
    );
  });

  it("refuses settings the gate doesn't take, all in one sentence", () => {
    const settings = { floors: { accuracy: 90 }, floor: 1 };
    assert.throws(
      () =>
        judge(candidate(), {
          ...configured(),
          "metric-floor": { level: "mandatory", settings },
        }),
      new GateConfigurationError(
        "Gate metric-floor can't be run, correct its settings: " +
          "tollgate:gates.metric-floor.floors.accuracy: got 90, expected a number from 0 to 1, as accuracy is one; " +
          "tollgate:gates.metric-floor.floor: unknown key, did you mean floors?.",
      ),
    );
  });
});

describe("blocked", () => {
  it("is true for a mandatory refusal and false for an advisory one", () => {
    assert.equal(blocked(judge(weak, configured("mandatory"))), true);
    assert.equal(blocked(judge(weak, configured("advisory"))), false);
  });

  it("is true for missing evidence", () => {
    assert.equal(blocked(judge(withoutEvidence(), configured())), true);
  });
});

describe("refusalSummary", () => {
  it("has a sentence for each refusal that stops", () => {
    const judged = { ...weak, registryDigest: digestOf("b") };
    assert.deepEqual(refusalSummary(judge(judged, configured())), [
      "digest-matches: churn-model v2 is pinned as sha256:aaaaaaaaaaaa, but the registry has sha256:bbbbbbbbbbbb.",
      "metric-floor: churn-model v2 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006).",
    ]);
  });

  it("is empty when nothing stops", () => {
    assert.deepEqual(refusalSummary(judge(weak, configured("advisory"))), []);
  });

  it("says once that there is no evidence", () => {
    assert.deepEqual(refusalSummary(judge(withoutEvidence(), configured())), [
      "evidence-present: churn-model v2 has no evidence; run `tollgate evaluate`.",
    ]);
  });

  it("keeps the other refusals when the gate that says why is only advisory", () => {
    const input = { "evidence-present": { level: "advisory" }, level: "mandatory" };
    const [first] = refusalSummary(judge(withoutEvidence(), configured("mandatory", input)));
    assert.equal(
      first,
      "evidence-signed: churn-model v2 has no evidence to judge its signature by.",
    );
  });
});

describe("withoutEchoes", () => {
  it("leaves out nothing when there is evidence", () => {
    const verdicts = judge(weak, configured());
    assert.deepEqual(withoutEchoes(verdicts), verdicts);
  });

  it("keeps what needs no evidence beside the one cause", () => {
    const verdicts = withoutEchoes(judge(withoutEvidence(), configured()));
    assert.deepEqual(
      verdicts.map(({ gate, status }) => [gate, status]),
      [
        ["evidence-present", "refused"],
        ["pack-recorded", "passed"],
        ["settings-reviewed", "passed"],
        ["approvals", "passed"],
      ],
    );
  });
});
