import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateConfigurations } from "../../policies/gate";
import type { Evidence } from "../../registry/evidence";
import { sha256 } from "../../strict/canonical";
import {
  annKey,
  candidate,
  documentOf,
  evidence as compliant,
  provenanceOf,
  signatureOf,
  trainingOf,
} from "../policies/fixtures";
import { digestOf, pin } from "../support/evidence";
import { signedLine, testKey, trustIn } from "../support/signing";

/** One gate's refusal: what was done to a candidate that every gate lets pass. */
export interface Refusal {
  readonly gate: string;
  /** A sentence. */
  readonly what: string;
  readonly candidate: Candidate;
}

const [bea, cem] = ["bea", "cem"].map((name) => testKey(name)) as [Key, Key];
type Key = ReturnType<typeof testKey>;

const configured = resolveGateConfigurations(
  {
    provenance: { authors: ["ann@example.com"] },
    slices: { slices: { west: { where: 'region == "west"', floor: 0.85 } } },
    fairness: { columns: ["gender"] },
    robustness: { noise: {} },
    calibration: {},
    "data-quality": { rules: "data/rules.yaml" },
    "data-drift": { reference: "data/staging/reference.csv" },
    "prediction-drift": {},
    size: { modelBytes: 10_000_000, memoryBytes: 500_000_000 },
    soak: {},
    window: {
      open: [{ days: ["mon", "tue", "wed", "thu"], from: "09:00", to: "16:00" }],
      freezes: [{ from: "2026-12-20", to: "2027-01-03", reason: "end of the year" }],
    },
  },
  gateDefaults("prod"),
);

/** Every gate there is, all mandatory, as a production environment may have them. */
export const gatesOfExamples: GateConfigurations = configured.configurations;

const judgedAt = "2026-02-02T12:00:00.000Z";

/** A candidate for production that every gate lets pass. */
export const good: Candidate = measured(() => {}, {
  stack: "prod",
  trust: trustIn([
    { key: annKey, principals: ["ann@example.com"] },
    { key: bea, principals: ["bea@example.com"] },
    { key: cem, principals: ["cem@example.com"] },
  ]),
  soaked: [
    {
      digest: pin.digest,
      gitCommit: "0a1b2c3",
      dataVersion: "v2",
      from: "2026-02-01T08:00:00.000Z",
      to: null,
      green: true,
    },
  ],
  judgedAt,
});

function approvalBy(key: Key, evidence: string): string {
  return signedLine(key, "approval", {
    approver: `${key.name}@example.com`,
    stack: "prod",
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    evidence,
    plan: candidate().plan,
    at: "2026-02-02T10:00:00.000Z",
    expires: "2026-02-09T10:00:00.000Z",
  });
}

/** Evidence as it would have been measured, and signed, of a version trained as it says. */
function measured(
  edit: (evidence: Evidence) => void,
  changes: Partial<Candidate> = {},
  sign = true,
): Candidate {
  const evidence = structuredClone(compliant);
  const [drift] = evidence.dataDrift;
  evidence.dataDrift.push({
    ...structuredClone(drift!),
    comparison: "training-reference",
    data: { ...evidence.leakage!.trainingData, distinctRows: 1600 },
  });
  edit(evidence);
  const evidenceDigest = sha256(documentOf(evidence));
  return candidate({
    ...changes,
    approvals: [bea, cem].map((key) => approvalBy(key, evidenceDigest)),
    evidence,
    evidenceDigest,
    evidenceSignature: sign ? signatureOf(evidence) : null,
    provenance: provenanceOf(trainingOf(evidence)),
  });
}

const bad = (edit: (evidence: Evidence) => void, sign = true) => measured(edit, good, sign);

const found: Readonly<Record<string, Omit<Refusal, "gate">>> = {
  "evidence-present": {
    what: "The evidence document was edited after `tollgate evaluate` had written its digest on the version.",
    candidate: {
      ...good,
      evidence: null,
      evidenceDigest: null,
      evidenceSignature: null,
      provenance: null,
      problem: {
        code: "evidence-altered",
        reason: `The evidence of version 2 of "churn-model" has the digest ${digestOf("b")}, but the version's tag says ${digestOf("9")}; run \`tollgate evaluate\` again.`,
      },
    },
  },
  "evidence-signed": {
    what: "Nobody signed the evidence.",
    candidate: bad(() => {}, false),
  },
  "training-signed": {
    what: "Nobody who may train for the environment signed how it was made.",
    candidate: { ...good, provenance: null },
  },
  "digest-matches": {
    what: "The version's bytes were exchanged in the registry after they were evaluated.",
    candidate: { ...good, registryDigest: digestOf("b") },
  },
  provenance: {
    what: "Twelve of the evaluation rows are training rows as well.",
    candidate: bad(({ leakage }) => (leakage!.sharedRows = 12)),
  },
  "lineage-complete": {
    what: "It was trained with changes that nobody committed.",
    candidate: bad(({ lineage }) => (lineage.gitDirty = true)),
  },
  "pack-recorded": {
    what: "A gate's source was edited.",
    candidate: { ...good, pack: { digest: digestOf("b"), pinned: digestOf("7") } },
  },
  "settings-reviewed": {
    what: "The stack's file asks for no approval, by a change that nobody has reviewed.",
    candidate: {
      ...good,
      review: {
        ...good.review!,
        differences: [
          {
            field: "tollgate:gates.approvals.required",
            value: "0",
            reviewed: "2",
            by: null,
          },
        ],
      },
    },
  },
  "safe-code": {
    what: "The model's pickle would run a command when it is loaded.",
    candidate: bad(({ code }) => code.files[0]!.loads.push("posix.system")),
  },
  dependencies: {
    what: "The model asks for any version of a package.",
    candidate: bad(({ dependencies }) => dependencies.unpinned.push("scikit-learn>=1.4")),
  },
  "schema-present": {
    what: "It is the first version that is deployed, and it was logged without a signature.",
    candidate: measured((evidence) => (evidence.signature = null), {
      ...good,
      history: { ...good.history, deployed: null },
    }),
  },
  contract: {
    what: "Callers must give one more input than the deployed version asks for.",
    candidate: bad(({ signature }) =>
      signature!.inputs.push({ name: "contract_months", type: "long", required: true }),
    ),
  },
  smoke: {
    what: "The real scorer didn't start from these bytes.",
    candidate: bad(({ smoke }) => {
      smoke.passed = false;
      smoke.detail = "ModuleNotFoundError: No module named 'lightgbm'";
    }),
  },
  "metric-floor": {
    what: "Its recall is below the environment's floor.",
    candidate: bad(({ metrics }) => (metrics.recall = 0.7941)),
  },
  "better-than-trivial": {
    what: "It answers nearly always the same.",
    candidate: bad(({ trivial }) => Object.assign(trivial!, { candidate: 0.504, pValue: 0.31 })),
  },
  "better-than-deployed": {
    what: "It is worse than what the environment serves, on the same rows.",
    candidate: bad(({ comparison }) =>
      Object.assign(comparison!.quality!, {
        deployed: 0.9375,
        loss: 0.025,
        lossAtMost: 0.04,
        pValue: 0.006,
      }),
    ),
  },
  slices: {
    what: "It is good on the whole, and bad for one region.",
    candidate: bad(({ slices }) => (slices[0]!.metrics.accuracy = 0.78)),
  },
  fairness: {
    what: "It selects one group far less often than another.",
    candidate: bad(({ fairness: [gender] }) => {
      gender!.groups.forEach((group, index) => (group.selectionRate = [0.3, 0.213][index]!));
      Object.assign(gender!, { demographicParityDifference: 0.087, disparateImpact: 0.71 });
    }),
  },
  robustness: {
    what: "A little noise on its inputs costs it a lot.",
    candidate: bad(({ robustness }) => (robustness[0]!.disturbed = 0.8)),
  },
  calibration: {
    what: "Its probabilities say more than they hold.",
    candidate: bad(({ calibration }) => (calibration!.expectedCalibrationError = 0.17)),
  },
  "data-quality": {
    what: "Too many training rows break the declared rules.",
    candidate: bad(({ dataQuality }) => {
      dataQuality!.validShare = 0.86;
      dataQuality!.failures[0]!.rows = 224;
    }),
  },
  "data-drift": {
    what: "The evaluation data is no longer like the reference.",
    candidate: bad(({ dataDrift }) =>
      Object.assign(dataDrift[0]!.columns[0]!, { psi: 0.41, pValue: 1e-9, adjustedPValue: 2e-9 }),
    ),
  },
  "prediction-drift": {
    what: "It predicts other classes than the deployed version, on the same rows.",
    candidate: bad(({ comparison }) =>
      Object.assign(comparison!.predictions!, { psi: 0.33, pValue: 1e-6 }),
    ),
  },
  latency: {
    what: "One request in twenty takes longer than the environment allows.",
    candidate: bad(({ latency }) => Object.assign(latency, { p95Ms: 62.5, p99Ms: 80 })),
  },
  size: {
    what: "Its scorer takes more memory than the environment has for it.",
    candidate: bad((evidence) => (evidence.memoryBytes = 1_400_000_000)),
  },
  soak: {
    what: "It has served in staging for four hours only.",
    candidate: { ...good, soaked: [{ ...good.soaked![0]!, from: "2026-02-02T08:00:00.000Z" }] },
  },
  approvals: {
    what: "One of its two approvals is its author's own.",
    candidate: {
      ...good,
      approvals: [bea, annKey].map((key) => approvalBy(key, good.evidenceDigest!)),
    },
  },
  window: {
    what: "It is released on a Friday.",
    candidate: {
      ...good,
      judgedAt: "2026-02-06T12:00:00.000Z",
    },
  },
};

/** One refusal of each gate, by the gates' names. */
export const refusals: readonly Refusal[] = Object.entries(found).map(([gate, refusal]) => ({
  gate,
  ...refusal,
}));
