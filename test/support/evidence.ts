import type { Evidence } from "../../registry/evidence";

/** A well-formed digest made of one repeated hex digit. */
export const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

export const pin = { name: "churn-model", version: "2", digest: digestOf("a") } as const;

/** What was deployed when the evidence was written. */
export const deployedPin = { name: "churn-model", version: "1", digest: digestOf("1") } as const;

const signature = {
  inputs: [
    { name: "tenure", type: "double", required: true },
    { name: "region", type: "string", required: true },
  ],
  outputs: [{ name: "prediction", type: "long", required: true }],
};

const trainingData = { path: "data/staging/train.csv", digest: digestOf("e"), rows: 1600 };
const evaluationData = { path: "data/staging/eval.csv", digest: digestOf("d"), rows: 400 };

/** Evidence with every part measured, of a version that every gate lets pass. */
export function compliantEvidence(): Evidence {
  return {
    schema: "tollgate.evidence/2",
    model: { ...pin, sizeBytes: 4096 },
    task: "classification",
    classes: { origin: "model", average: "binary", positive: "1", positiveBy: "rarer" },
    metrics: { accuracy: 0.9125, precision: 0.91, recall: 0.9, f1: 0.905 },
    support: {
      distinctRows: 400,
      positive: "1",
      classes: [
        { value: "0", rows: 240, distinctRows: 240, predicted: 245 },
        { value: "1", rows: 160, distinctRows: 160, predicted: 155 },
      ],
    },
    trivial: {
      metric: "balanced-accuracy",
      answer: "0",
      candidate: 0.91,
      trivial: 0.5,
      test: "fisher-exact",
      pValue: 1e-60,
      resamples: 0,
      rows: 400,
    },
    data: { ...evaluationData, rowsUsed: 400 },
    signature,
    latency: { p50Ms: 1.5, p95Ms: 12.25, p99Ms: 20, requests: 200, concurrency: 1 },
    memoryBytes: 200_000_000,
    smoke: { passed: true, detail: "20 rows, 20 finite predictions, equal to the model's" },
    answers: { digest: digestOf("9"), rows: 400 },
    slices: [
      {
        name: "west",
        where: 'region == "west"',
        rows: 120,
        support: {
          distinctRows: 120,
          positive: "1",
          classes: [
            { value: "0", rows: 70, distinctRows: 70, predicted: 72 },
            { value: "1", rows: 50, distinctRows: 50, predicted: 48 },
          ],
        },
        metrics: { accuracy: 0.9 },
      },
    ],
    fairness: [
      {
        column: "gender",
        demographicParityDifference: 0.04,
        equalizedOddsDifference: 0.05,
        disparateImpact: 0.9,
        groups: [
          { value: "f", rows: 190, distinctRows: 190, selectionRate: 0.4 },
          { value: "m", rows: 210, distinctRows: 210, selectionRate: 0.36 },
        ],
      },
    ],
    robustness: [
      {
        kind: "noise",
        strength: 0.1,
        rows: 400,
        distinctRows: 400,
        metric: "accuracy",
        baseline: 0.9125,
        disturbed: 0.9,
        nonFinite: 0,
        failure: null,
      },
    ],
    calibration: {
      expectedCalibrationError: 0.03,
      brier: 0.08,
      bins: 10,
      rows: 400,
      distinctRows: 400,
    },
    dataQuality: {
      rules: "data/rules.yaml",
      rulesDigest: digestOf("c"),
      data: trainingData,
      validShare: 0.99,
      failures: [{ column: "tenure", check: "in_range(0, 100)", rows: 16 }],
    },
    dataDrift: [
      {
        comparison: "evaluation-reference",
        data: { ...evaluationData, distinctRows: 400 },
        reference: {
          path: "data/staging/reference.csv",
          digest: digestOf("f"),
          rows: 1000,
          distinctRows: 1000,
        },
        columns: [
          {
            column: "tenure",
            kind: "numeric",
            psi: 0.02,
            test: "kolmogorov-smirnov",
            pValue: 0.4,
            adjustedPValue: 0.6,
          },
        ],
      },
    ],
    comparison: {
      deployed: { ...deployedPin, signature },
      problem: null,
      quality: {
        metric: "accuracy",
        candidate: 0.9125,
        deployed: 0.9,
        loss: -0.0125,
        lossAtMost: 0.008,
        test: "mcnemar-exact",
        pValue: 0.9,
        significance: 0.05,
        resamples: 0,
        rows: 400,
        distinctRows: 400,
      },
      predictions: { kind: "classes", psi: 0.01, test: "chi-square", pValue: 0.5 },
    },
    leakage: { trainingData, evaluationRows: 400, sharedRows: 0 },
    code: {
      scanner: "fickling 0.1.12",
      scanned: 6,
      files: [
        {
          path: "model.pkl",
          format: "pickle",
          loads: ["numpy.dtype", "sklearn.linear_model._logistic.LogisticRegression"],
          uses: {
            "numpy.dtype": ["call(text, number, number)"],
            "sklearn.linear_model._logistic.LogisticRegression": ["build(dict)", "new()"],
          },
          problem: null,
          sha256: "c0de".repeat(16),
        },
      ],
    },
    dependencies: { file: "requirements.txt", unpinned: [], database: null, vulnerable: [] },
    modelSignature: null,
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
      cpus: 2,
      memoryBytes: 8_000_000_000,
      seed: 0,
      gitCommit: "0a1b2c3",
    },
  };
}
