import assert from "node:assert/strict";
import type { Approval, Candidate, Finding, Gate, Override } from "../../policies/gate";
import { type Evidence, evidenceSchema } from "../../registry/evidence";

/** A digest that is told apart from others by its first digit. */
export function digestOf(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}

export const digest = digestOf("a");
export const pin = { name: "churn-model", version: "2", digest } as const;

/** Evidence of a version that every gate lets pass. */
export const evidence: Evidence = evidenceSchema.parse({
  schema: "tollgate.evidence/1",
  model: { ...pin, sizeBytes: 4096 },
  task: "classification",
  metrics: { accuracy: 0.9125, precision: 0.91, recall: 0.9, f1: 0.905 },
  data: { path: "data/eval.csv", digest: digestOf("d"), rows: 400 },
  signature: {
    inputs: [{ name: "tenure", type: "double", required: true }],
    outputs: [{ name: "prediction", type: "long", required: true }],
  },
  latency: { p50Ms: 1.5, p95Ms: 12.25, p99Ms: 20, requests: 200, concurrency: 1 },
  smoke: { passed: true, detail: "5 rows, 5 predictions" },
  lineage: {
    runId: "8f1c",
    experiment: "churn-model_staging",
    gitCommit: "0a1b2c3",
    gitDirty: false,
    author: "ann@example.com",
    dataVersion: "v2",
    trainingDataDigest: digestOf("e"),
    parameters: { model: "gradient-boosting" },
  },
  evaluator: {
    version: "0.1.0",
    evaluatedAt: "2026-01-31T12:00:00Z",
    python: "3.11.7",
    platform: "linux",
  },
});

/** A candidate that passes, with changes. */
export function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    stack: "staging",
    pin,
    evidence,
    problem: null,
    registryDigest: digest,
    approvals: [],
    override: null,
    ...changes,
  };
}

/** A candidate whose evidence is changed in one group. */
export function withEvidence<K extends keyof Evidence>(
  group: K,
  change: Partial<Evidence[K]> | null,
): Candidate {
  const current = evidence[group];
  const value = typeof current === "object" && change !== null ? { ...current, ...change } : change;
  return candidate({ evidence: { ...evidence, [group]: value } as Evidence });
}

/** A candidate the registry gave no evidence for. */
export function withoutEvidence(): Candidate {
  return candidate({
    evidence: null,
    registryDigest: null,
    problem: {
      code: "evidence-missing",
      reason: "churn-model v2 has no evidence; run `tollgate evaluate`.",
    },
  });
}

/** An approval of exactly the fixture's pin. */
export function approvalBy(approver: string, changes: Partial<Approval> = {}): Approval {
  const { name: model, version } = pin;
  const at = "2026-02-01T09:00:00Z";
  return { approver, stack: "staging", model, version, digest, at, ...changes };
}

/** An override of exactly the fixture's pin. */
export const override: Override = {
  version: pin.version,
  digest,
  reason: "The campaign starts today",
  by: "bea@example.com",
  at: "2026-02-01T09:00:00Z",
};

/** The one finding of a gate, its settings filled in as for a stack. */
export function only(gate: Gate, judged: Candidate, settings: unknown = {}): Finding {
  const findings = gate.check(judged, gate.settings.parse(settings));
  assert.equal(findings.length, 1);
  return findings[0]!;
}

/** What a gate says without evidence. */
export function refusesWithoutEvidence(gate: Gate, wanted: string, settings: unknown = {}): void {
  assert.deepEqual(only(gate, withoutEvidence(), settings), {
    passed: false,
    subject: null,
    code: "no-evidence",
    value: null,
    threshold: null,
    margin: null,
    reason: `churn-model v2 has no evidence to judge its ${wanted} by.`,
  });
}
