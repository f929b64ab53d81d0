import assert from "node:assert/strict";
import { checkAdmission } from "../../admission/check";
import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, EvidenceProblem, GateLevel, PinnedVersion } from "../../policies/gate";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import type { Receipt } from "../../history/receipt";
import {
  admissionOf,
  candidate,
  deployedPin,
  digestOf,
  pin,
  withEvidence,
  withoutEvidence,
} from "../policies/fixtures";

function inputs(judged: Candidate, level: GateLevel = "mandatory", gates = {}): AdmissionInputs {
  const { configurations } = resolveGateConfigurations(gates, {
    ...gateDefaults("staging"),
    level,
  });
  return admissionOf(judged, configurations);
}

const now = "2026-02-01T12:00:00.000Z";

/** The check with the receipts of a stack that serves version 1. */
function checked(
  olds: AdmissionInputs | null,
  news: AdmissionInputs,
  receipts: readonly Receipt[] = [receiptOf(deployedPin)],
) {
  return checkAdmission(olds, news, receipts, now);
}

/** What the check reads of a receipt. */
function receiptOf(pin: PinnedVersion, at = "2026-01-15T12:00:00.000Z"): Receipt {
  return { pin, at, packDigest: digestOf("7") } as Receipt;
}

const compared = candidate().evidence!.comparison!;
/** It lost a tenth of the deployed version's accuracy. */
const worseThanDeployed = withEvidence("comparison", {
  quality: { ...compared.quality!, loss: 0.1, lossAtMost: 0.12, pValue: 0.001 },
});

const silence: EvidenceProblem = {
  code: "registry-unavailable",
  reason: "http://127.0.0.1:5001 did not answer within 5 s.",
};
const silent = candidate({
  evidence: null,
  evidenceDigest: null,
  evidenceSignature: null,
  registryDigest: null,
  problem: silence,
});
const silenceFailure = { property: "", reason: `evidence-present: ${silence.reason}` };

describe("checkAdmission", () => {
  it("admits a version that passes, with its inputs as they are", () => {
    const olds = inputs(candidate({ pin: deployedPin }));
    const news = inputs(candidate());
    assert.deepEqual(checked(olds, news), { inputs: news, failures: [] });
  });

  it("says itself what is deployed and what time it is, whatever the program says", () => {
    const made = candidate({
      history: {
        deployed: null,
        releasedAt: now,
        goneBackFromAt: null,
        latestReceiptAt: null,
        packDigest: null,
      },
      judgedAt: "2020-01-01T00:00:00.000Z",
    });
    const { inputs: recorded } = checked(inputs(candidate({ pin: deployedPin })), inputs(made));
    assert.deepEqual(recorded.history, candidate().history);
    assert.equal(recorded.judgedAt, now);
  });

  it("compares with what the receipts say is served when the pin was taken out of the checkpoint", () => {
    const { inputs: recorded, failures } = checked(null, inputs(worseThanDeployed));
    assert.deepEqual(recorded.history.deployed, deployedPin);
    assert.equal(failures.length, 1);
    assert.match(failures[0]!.reason, /^better-than-deployed: churn-model v2 has accuracy/);
  });

  it("has nothing deployed when neither receipts nor checkpoint know a pin", () => {
    const { inputs: recorded, failures } = checked(null, inputs(worseThanDeployed), []);
    assert.equal(recorded.history.deployed, null);
    assert.deepEqual(failures, []);
  });

  it("judges a version that was gone back from as a new one, at the time of now", () => {
    const receipts = [
      receiptOf(deployedPin, "2026-01-15T12:00:00.000Z"),
      receiptOf(pin, "2026-01-20T12:00:00.000Z"),
      receiptOf(deployedPin, "2026-01-25T12:00:00.000Z"),
    ];
    const { inputs: recorded } = checked(inputs(candidate()), inputs(candidate()), receipts);
    assert.equal(recorded.judgedAt, now);
    assert.equal(recorded.history.releasedAt, null);
    assert.equal(recorded.history.goneBackFromAt, "2026-01-25T12:00:00.000Z");
  });

  it("refuses a clock set back in two steps: by a release at the wrong time, then by that release's receipt", () => {
    const first = receiptOf(deployedPin, "2026-02-01T13:00:00.000Z");
    const wrong = receiptOf({ ...pin, version: "3" }, "2026-01-10T12:00:00.000Z");
    const { failures } = checked(inputs(candidate()), inputs(candidate()), [first, wrong]);
    assert.match(failures[0]?.reason ?? "", /^provenance: .*earlier than the latest receipt/);
  });

  it("takes an admitted pin whose release failed for what it is: not deployed", () => {
    const failed = { ...pin, version: "9", digest: digestOf("9") };
    const { inputs: recorded } = checked(inputs(candidate({ pin: failed })), inputs(candidate()));
    assert.deepEqual(recorded.history.deployed, deployedPin);
  });

  it("judges a pin that was released before as of then, so that it can come back at night", () => {
    const then = "2026-01-20T12:00:00.000Z";
    const receipts = [receiptOf(pin, then), receiptOf(deployedPin, "2026-01-25T12:00:00.000Z")];
    const { inputs: recorded } = checked(inputs(candidate()), inputs(candidate()), receipts);
    assert.equal(recorded.judgedAt, then);
    assert.equal(recorded.history.releasedAt, then);
  });

  it("refuses with gate, value, threshold, margin and remedy", () => {
    const { failures } = checked(null, inputs(withEvidence("metrics", { accuracy: 0.894 })));
    assert.deepEqual(failures, [
      {
        property: "",
        reason:
          "metric-floor: churn-model v2 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006). " +
          "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.",
      },
    ]);
  });

  it("admits what only advisory gates refuse", () => {
    const news = inputs(withEvidence("metrics", { accuracy: 0.894 }), "advisory");
    assert.deepEqual(checked(null, news).failures, []);
  });

  it("says once why there is no evidence", () => {
    assert.deepEqual(checked(null, inputs(withoutEvidence())).failures, [
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
    const gates = checked(null, news).failures.map(({ reason }) => reason.split(":")[0]);
    assert.ok(gates.includes("metric-floor") && gates.includes("smoke"), gates.join(", "));
  });

  it("refuses gate settings that can't be used", () => {
    const news = { ...inputs(candidate()), gates: {} };
    assert.deepEqual(checked(null, news).failures, [
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
      const { inputs: recorded, failures } = checked(olds, inputs(silent));
      assert.deepEqual(failures, []);
      assert.deepEqual(recorded, { ...olds, history: recorded.history, judgedAt: now });
    });

    it("judges recorded evidence by the limits of now", () => {
      const olds = inputs(withEvidence("metrics", { accuracy: 0.85 }), "advisory");
      const { failures } = checked(olds, inputs(silent));
      assert.equal(failures.length, 1);
      assert.match(failures[0]!.reason, /^metric-floor: churn-model v2 has accuracy 0\.85/);
    });

    it("refuses a first pin", () => {
      const news = inputs(silent);
      assert.deepEqual(checked(null, news).failures, [silenceFailure]);
    });

    for (const [what, change] of [
      ["name", { name: "fraud-model" }],
      ["version", { version: "1" }],
      ["digest", { digest: digestOf("b") }],
    ] as const) {
      it(`refuses a pin of another ${what} than the one admitted`, () => {
        const olds = inputs(candidate({ pin: { ...pin, ...change } }));
        assert.deepEqual(checked(olds, inputs(silent)).failures, [silenceFailure]);
      });
    }

    it("refuses when no evidence was recorded either", () => {
      const olds = inputs(withoutEvidence(), "advisory");
      assert.deepEqual(checked(olds, inputs(silent)).failures, [silenceFailure]);
    });
  });

  it("refuses evidence that went missing, though it is recorded: only silence is excused", () => {
    const { failures } = checked(inputs(candidate()), inputs(withoutEvidence()));
    assert.equal(failures.length, 1);
  });
});
