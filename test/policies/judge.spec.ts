import assert from "node:assert/strict";
import { resolveGateConfigurations } from "../../policies/configurations";
import type { GateConfigurations, GateLevel } from "../../policies/gate";
import { gates } from "../../policies/gates";
import {
  blocked,
  GateConfigurationError,
  judge,
  refusalSummary,
  withoutEchoes,
} from "../../policies/judge";
import { candidate, digestOf, override, withEvidence, withoutEvidence } from "./fixtures";

function configured(level: GateLevel = "mandatory", input = {}): GateConfigurations {
  const { configurations, problems } = resolveGateConfigurations(input, {
    level,
    settings: {
      "metric-floor": { floors: { accuracy: 0.9, f1: 0.8 } },
      latency: { p95Ms: 50 },
      approvals: { required: 0 },
    },
  });
  assert.deepEqual(problems, []);
  return configurations;
}

const weak = withEvidence("metrics", { accuracy: 0.894 });

describe("judge", () => {
  it("gives the verdicts of all gates in the order of the list", () => {
    assert.deepEqual(
      judge(candidate(), configured()).map(({ gate, subject, status }) => [gate, subject, status]),
      [
        ["evidence-present", null, "passed"],
        ["digest-matches", null, "passed"],
        ["metric-floor", "accuracy", "passed"],
        ["metric-floor", "f1", "passed"],
        ["latency", "p95", "passed"],
        ["schema-present", null, "passed"],
        ["smoke", null, "passed"],
        ["lineage-complete", null, "passed"],
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
        reason: "churn-model v2 has accuracy 0.894, below the floor 0.9 (margin -0.006).",
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
    assert.equal(verdicts.length, gates.length);
    assert.ok(verdicts.every(({ status }) => status === "refused"));
  });

  it("releases an overridden refusal of the version and digest it names", () => {
    const [verdict] = judge({ ...weak, override }, configured()).filter(({ passed }) => !passed);
    assert.equal(verdict!.status, "overridden");
    assert.equal(verdict!.passed, false);
    assert.equal(blocked(judge({ ...weak, override }, configured())), false);
  });

  for (const [what, change] of [
    ["version", { version: "1" }],
    ["digest", { digest: digestOf("b") }],
  ] as const) {
    it(`refuses to take an override of another ${what}`, () => {
      const judged = { ...weak, override: { ...override, ...change } };
      assert.equal(blocked(judge(judged, configured())), true);
    });
  }

  it("refuses to override the gates of bytes, evidence and people", () => {
    const other = { ...candidate({ registryDigest: digestOf("b") }), override };
    assert.equal(blocked(judge(other, configured())), true);
    assert.equal(blocked(judge({ ...withoutEvidence(), override }, configured())), true);
    const alone = { ...candidate(), override };
    const one = configured("mandatory", { approvals: { required: 1 } });
    assert.equal(blocked(judge(alone, one)), true);
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
          "tollgate:gates.metric-floor.floors.accuracy: got 90, expected a number of at most 1; " +
          "tollgate:gates.metric-floor.floor: unknown key, did you mean floors?.",
      ),
    );
  });

  it("judges a candidate by all gates in less than 5 ms of processor time, cold and warm", () => {
    const configurations = configured();
    const milliseconds = (rounds: number) => {
      const before = process.cpuUsage();
      for (let round = 0; round < rounds; round++) judge(weak, configurations);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000 / rounds;
    };
    for (const rounds of [1, 200]) {
      const each = milliseconds(rounds);
      assert.ok(each < 5, `${each} ms each of ${rounds}`);
    }
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
      "metric-floor: churn-model v2 has accuracy 0.894, below the floor 0.9 (margin -0.006).",
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
    assert.equal(first, "digest-matches: churn-model v2 has no evidence to judge its bytes by.");
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
        ["approvals", "passed"],
      ],
    );
  });
});
