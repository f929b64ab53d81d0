import { z } from "zod";

/** `sha256:` and 64 lower-case hex digits. */
export const digestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hex digits');

const rows = z.int().nonnegative();
const share = z.number().min(0).max(1);
/** Of a statistical test: how likely a result at least this extreme is by chance alone. */
const pValue = share;

/** A file of rows, and how many of them were measured: all, or `rowsUsed`, a random sample drawn with the seed. */
const file = z.strictObject({
  path: z.string(),
  digest: digestSchema,
  rows,
  rowsUsed: z.int().positive().optional(),
});

const column = z.strictObject({ name: z.string(), type: z.string(), required: z.boolean() });

/** Column-based MLflow signature. */
export const signatureSchema = z.strictObject({
  inputs: z.array(column).min(1),
  outputs: z.array(column).min(1),
});

/** Requests with one row each to the real scorer over loopback, in milliseconds. */
export const latencySchema = z.strictObject({
  p50Ms: z.number().nonnegative(),
  p95Ms: z.number().nonnegative(),
  p99Ms: z.number().nonnegative(),
  requests: z.int().positive(),
  /** Callers at the same time. */
  concurrency: z.int().positive(),
});

/** Metrics on the rows of the evaluation data that a condition selects. */
export const sliceSchema = z.strictObject({
  name: z.string().min(1),
  /** Condition as written in the settings, a pandas query such as `region == "west"`. */
  where: z.string().min(1),
  rows,
  /** Empty when there are no rows. */
  metrics: z.record(z.string(), z.number()),
});

/** Fairlearn's group metrics for one sensitive column of the evaluation data. */
export const fairnessSchema = z.strictObject({
  column: z.string().min(1),
  /** Largest difference between two groups' shares of positive predictions, 0 to 1. */
  demographicParityDifference: share,
  /** Larger of the differences in true and in false positive rate, 0 to 1. */
  equalizedOddsDifference: share,
  /** Smallest share of positive predictions over the largest, 0 to 1: the four-fifths rule wants 0.8. */
  disparateImpact: share,
  groups: z.array(z.strictObject({ value: z.string(), rows, selectionRate: share })).min(1),
});

/** What a disturbance of the inputs costs. */
export const robustnessSchema = z.strictObject({
  kind: z.enum(["noise", "missing", "swapped", "outOfRange", "adversarial"]),
  /** How strong, as in the settings: standard deviations, share of cells, or step in standard deviations. */
  strength: z.number().nonnegative(),
  rows: z.int().positive(),
  /** accuracy or r2. */
  metric: z.string(),
  /** On the same rows, undisturbed. */
  baseline: z.number(),
  /** On the disturbed rows; null when the model failed on them. */
  disturbed: z.number().nullable(),
  /** Predictions that were NaN or infinite. */
  nonFinite: rows,
  /** Why the model failed, in a sentence; null when it answered. */
  failure: z.string().nullable(),
});

/** How far probabilities can be taken at their word. Binary: of the positive class; else of the predicted class. */
export const calibrationSchema = z.strictObject({
  /** Expected calibration error over equal-width bins, 0 to 1 (Naeini et al., AAAI 2015). */
  expectedCalibrationError: share,
  /** Mean squared distance of probabilities from what happened, 0 to 2 (Brier, 1950). */
  brier: z.number().min(0).max(2),
  bins: z.int().positive(),
  rows: z.int().positive(),
});

/** The training data against the rules declared in a file, checked by pandera. */
export const dataQualitySchema = z.strictObject({
  /** As in the settings. */
  rules: z.string().min(1),
  rulesDigest: digestSchema,
  data: file,
  /** Rows that meet every rule, of all that were checked, 0 to 1. */
  validShare: share,
  /** Each rule that was broken, by column and check, most rows first. `column` is null for the whole table. */
  failures: z.array(z.strictObject({ column: z.string().nullable(), check: z.string(), rows })),
});

/** One column's distribution in two sets of data. */
const columnDriftSchema = z.strictObject({
  column: z.string(),
  kind: z.enum(["numeric", "categorical"]),
  /** Population stability index over ten bins of the reference, or over its categories. */
  psi: z.number().nonnegative(),
  test: z.enum(["kolmogorov-smirnov", "chi-square"]),
  pValue,
  /** After correction for the number of columns (Benjamini-Hochberg). */
  adjustedPValue: pValue,
});

/** Two sets of data, column by column. */
export const dataDriftSchema = z.strictObject({
  /** What is compared with what: the second is the one drift is measured from. */
  comparison: z.enum(["training-reference", "evaluation-reference", "live-training"]),
  data: file,
  reference: file,
  columns: z.array(columnDriftSchema).min(1),
});

/** The candidate beside the version that was deployed when it was evaluated, on the same evaluation rows. */
export const comparisonSchema = z.strictObject({
  deployed: z.strictObject({
    name: z.string(),
    version: z.string(),
    digest: digestSchema,
    signature: signatureSchema.nullable(),
  }),
  /** Why the deployed version couldn't be measured on these rows, in a sentence; null when it was. */
  problem: z.string().nullable(),
  quality: z
    .strictObject({
      metric: z.string(),
      candidate: z.number(),
      deployed: z.number(),
      /** How much worse the candidate is in the metric's own unit; negative when it is better. */
      loss: z.number(),
      /** One-sided upper bound of the loss at the significance level, by paired bootstrap. */
      lossAtMost: z.number(),
      /** McNemar's exact test for classes, paired bootstrap otherwise. */
      test: z.enum(["mcnemar-exact", "paired-bootstrap"]),
      /** Of the hypothesis that the candidate is no worse. */
      pValue,
      significance: share,
      resamples: z.int().nonnegative(),
      rows: z.int().positive(),
    })
    .nullable(),
  /** Predictions of the two on the same rows. */
  predictions: z
    .strictObject({
      kind: z.enum(["classes", "scores"]),
      psi: z.number().nonnegative(),
      test: z.enum(["chi-square", "kolmogorov-smirnov"]),
      pValue,
    })
    .nullable(),
});

/** Evaluation rows that are also training rows, told by a hash of the whole row. */
export const leakageSchema = z.strictObject({
  trainingData: z.strictObject({ path: z.string(), digest: digestSchema, rows }),
  evaluationRows: rows,
  /** Evaluation rows found in the training data. */
  sharedRows: rows,
});

/** What the version's files would load or run when they are unpickled. */
export const codeSchema = z.strictObject({
  /** Scanner and version, such as `fickling 0.1.12`. */
  scanner: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      format: z.enum(["pickle", "skops", "other"]),
      /** Fully qualified names the file loads, sorted, such as `sklearn.tree._tree.Tree`. */
      loads: z.array(z.string()),
      /** Why the file can't be scanned, or what in it is code; null when it can be told by its loads. */
      problem: z.string().nullable(),
    }),
  ),
});

/** What the version says it needs to run. */
export const dependenciesSchema = z.strictObject({
  /** The file in the version, null when it has none. */
  file: z.string().nullable(),
  /** Requirements without an exact version. */
  unpinned: z.array(z.string()),
  /** The database of known vulnerabilities that was at hand (a folder of OSV records); null: nobody looked. */
  database: z
    .strictObject({ path: z.string(), digest: digestSchema, records: z.int().nonnegative() })
    .nullable(),
  vulnerable: z.array(
    z.strictObject({ package: z.string(), version: z.string(), advisory: z.string() }),
  ),
});

/** A signature of the OpenSSF model-signing format among the version's files. */
export const modelSignatureSchema = z.strictObject({
  path: z.string(),
  /** `valid`: its manifest names exactly the version's files. `verified`: and it is by the key in the settings. */
  status: z.enum(["valid", "verified", "invalid", "unreadable"]),
  detail: z.string(),
});
