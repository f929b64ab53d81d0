import assert from "node:assert/strict";
import { checkAdmission } from "../../policies/check";
import { resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, EvidenceProblem, GateLevel } from "../../policies/gate";
import type { AdmissionInputs } from "../../provider/inputs";
import { candidate, digestOf, pin, withEvidence, withoutEvidence } from "./fixtures";

function inputs(judged: Candidate, level: GateLevel = "mandatory", gates = {}): AdmissionInputs {
  const { configurations } = resolveGateConfigurations(gates, {
    level,
    settings: { "metric-floor": { floors: { accuracy: 0.9 } }, latency: { p95Ms: 50 } },
  });
  return { ...judged, approvals: [...judged.approvals], gates: configurations };
}

const silence: EvidenceProblem = {
  code: "registry-unavailable",
  reason: "http://127.0.0.1:5001 did not answer within 5 s.",
};
const silent = candidate({ evidence: null, registryDigest: null, problem: silence });
const silenceFailure = { property: "", reason: `evidence-present: ${silence.reason}` };

describe("checkAdmission", () => {
  it("admits a version that passes, with its inputs as they are", () => {
    const news = inputs(candidate());
    assert.deepEqual(checkAdmission(null, news), { inputs: news, failures: [] });
  });

  it("refuses with gate, value, threshold, margin and remedy", () => {
    const { failures } = checkAdmission(null, inputs(withEvidence("metrics", { accuracy: 0.894 })));
    assert.deepEqual(failures, [
      {
        property: "",
        reason:
          "metric-floor: churn-model v2 has accuracy 0.894, below the floor 0.9 (margin -0.006). " +
          "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.",
      },
    ]);
  });

  it("admits what only advisory gates refuse", () => {
    const news = inputs(withEvidence("metrics", { accuracy: 0.894 }), "advisory");
    assert.deepEqual(checkAdmission(null, news).failures, []);
  });

  it("says once why there is no evidence", () => {
    assert.deepEqual(checkAdmission(null, inputs(withoutEvidence())).failures, [
      {
        property: "",
        reason: "evidence-present: churn-model v2 has no evidence; run `tollgate evaluate`.",
      },
    ]);
  });

  it("refuses by the mandatory gates when the one that says why is only advisory", () => {
    const news = inputs(withoutEvidence(), "mandatory", {
      "evidence-present": { level: "advisory" },
    });
    assert.equal(checkAdmission(null, news).failures.length, 6);
  });

  it("refuses gate settings that can't be used", () => {
    const news = { ...inputs(candidate()), gates: {} };
    assert.deepEqual(checkAdmission(null, news).failures, [
      {
        property: "",
        reason:
          "Gate evidence-present has nothing for its level; give it one of mandatory, advisory, disabled under tollgate:gates.",
      },
    ]);
  });

  describe("with a registry that doesn't answer", () => {
    it("judges the pin already admitted by the evidence recorded with it", () => {
      const olds = inputs(candidate());
      const { inputs: recorded, failures } = checkAdmission(olds, inputs(silent));
      assert.deepEqual(failures, []);
      assert.deepEqual(recorded, olds);
    });

    it("judges recorded evidence by the limits of now", () => {
      const olds = inputs(withEvidence("metrics", { accuracy: 0.85 }), "advisory");
      const { failures } = checkAdmission(olds, inputs(silent));
      assert.equal(failures.length, 1);
      assert.match(failures[0]!.reason, /^metric-floor: churn-model v2 has accuracy 0\.85/);
    });

    it("refuses a first pin", () => {
      const news = inputs(silent);
      for (const olds of [null, {} as AdmissionInputs]) {
        assert.deepEqual(checkAdmission(olds, news), { inputs: news, failures: [silenceFailure] });
      }
    });

    for (const [what, change] of [
      ["name", { name: "fraud-model" }],
      ["version", { version: "1" }],
      ["digest", { digest: digestOf("b") }],
    ] as const) {
      it(`refuses a pin of another ${what} than the one admitted`, () => {
        const olds = inputs(candidate({ pin: { ...pin, ...change } }));
        assert.deepEqual(checkAdmission(olds, inputs(silent)).failures, [silenceFailure]);
      });
    }

    it("refuses when no evidence was recorded either", () => {
      const olds = inputs(withoutEvidence(), "advisory");
      assert.deepEqual(checkAdmission(olds, inputs(silent)).failures, [silenceFailure]);
    });
  });

  it("refuses evidence that went missing, though it is recorded: only silence is excused", () => {
    const { failures } = checkAdmission(inputs(candidate()), inputs(withoutEvidence()));
    assert.equal(failures.length, 1);
  });
});
