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

/** Rows that differ from each other, of those that were measured. */
const distinctRows = z.int().positive().optional();

const driftedFile = file.extend({ distinctRows });

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
  /** Rounds of so many requests; the one with the least other work counts. Absent from documents older than repeated rounds. */
  rounds: z.int().positive().optional(),
  /** Share of the machine's processors that other processes took in the round that counts, 0 to 1; absent where nobody can tell. */
  load: z.number().min(0).max(1).optional(),
});

/** Does an answer depend on the other rows of its request? Of rows that were asked again, how many got another one. */
export const independenceSchema = z.strictObject({
  /** Asked in requests of 50, in random company. */
  rows: z.int().positive(),
  company: rows,
  /** Asked alone. */
  aloneRows: z.int().positive(),
  alone: rows,
  /** Did the scorer put rows of several callers into one call? */
  batching: z.boolean(),
});

/** What the settings say of how a class or a number is read from a model's answer to a row. */
export const answerSchema = z.strictObject({
  /** Column of the answer: its name, or its place counted from 0. */
  column: z.union([z.string().min(1), z.int().nonnegative()]).optional(),
  /** The positive class where the number is at least this. */
  threshold: z.number().optional(),
  /** The class with the largest number: of the columns' own names or the model's classes, or of the classes in order. */
  argmax: z.union([z.literal(true), z.array(z.string())]).optional(),
});

/** Which classes a classification is about, and which one its metrics. */
export const classesSchema = z.strictObject({
  /** Who names the classes: the model, else the training data, else labels and answers alone. */
  origin: z.enum(["model", "training-data", "evaluation-data"]),
  /** What plain precision, recall and f1 are, in scikit-learn's words. */
  average: z.enum(["binary", "macro"]),
  /** The class that they are about; null where they are means over all classes. */
  positive: z.string().nullable(),
  /** The setting `tollgate:evaluation.positive`, or that it is the rarer of two. */
  positiveBy: z.enum(["setting", "rarer"]).nullable(),
});

/**
 * How many different rows a measurement stands on: rows that are alike in every column the model takes and in the label
 * are one. Optional everywhere, because older documents don't have it and must stay readable; a gate that needs it asks
 * for another evaluation.
 */
export const supportSchema = z.strictObject({
  distinctRows: rows,
  /** The class that precision, recall and f1 are about; null where they are means over all classes. */
  positive: z.string().nullable(),
  /** Every class, also one without a row; null for a regression, and for more than a thousand classes. */
  classes: z
    .array(
      z.strictObject({
        /** The class as text. */
        value: z.string(),
        rows,
        distinctRows: rows,
        /** Distinct rows that the model says are of the class. */
        predicted: rows,
      }),
    )
    .nullable(),
});

/** The version beside the best answer that doesn't look at the rows, each distinct row counted once. */
export const trivialSchema = z.strictObject({
  /** Balanced accuracy is the mean over the classes of the share found (Brodersen et al., ICPR 2010). */
  metric: z.enum(["balanced-accuracy", "rmse"]),
  /** What is always answered, as text: the most frequent class, or the mean of the labels. */
  answer: z.string(),
  candidate: z.number(),
  trivial: z.number(),
  /** Fisher's exact test for two classes, a permutation test for more, paired bootstrap for numbers. */
  test: z.enum(["fisher-exact", "permutation", "paired-bootstrap"]),
  /** Of the hypothesis that the version's answers have nothing to do with the rows. */
  pValue,
  resamples: rows,
  /** Distinct rows. */
  rows: z.int().positive(),
});

/** Metrics on the rows of the evaluation data that a condition selects. */
export const sliceSchema = z.strictObject({
  name: z.string().min(1),
  /** Condition as written in the settings, a pandas query such as `region == "west"`. */
  where: z.string().min(1),
  rows,
  support: supportSchema.optional(),
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
  groups: z
    .array(
      z.strictObject({
        value: z.string(),
        rows,
        distinctRows: rows.optional(),
        selectionRate: share,
      }),
    )
    .min(1),
});

/** What a disturbance of the inputs costs. */
export const robustnessSchema = z.strictObject({
  kind: z.enum(["noise", "missing", "swapped", "outOfRange", "adversarial"]),
  /** How strong, as in the settings: standard deviations, share of cells, or step in standard deviations. */
  strength: z.number().nonnegative(),
  rows: z.int().positive(),
  distinctRows,
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
  distinctRows,
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
  data: driftedFile,
  reference: driftedFile,
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
      /**
       * One-sided upper bound of the loss at the significance level: exact for accuracy, by paired bootstrap otherwise
       * and never less than what so many distinct rows can't rule out.
       */
      lossAtMost: z.number(),
      /** McNemar's exact test for classes, paired bootstrap otherwise. */
      test: z.enum(["mcnemar-exact", "paired-bootstrap"]),
      /** Of the hypothesis that the candidate is no worse. */
      pValue,
      significance: share,
      resamples: z.int().nonnegative(),
      rows: z.int().positive(),
      /** What test and bound count: each distinct row once. The two values and the loss are of all rows. */
      distinctRows,
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

/** Evaluation rows that are also training rows, found by a hash of the whole row. */
export const leakageSchema = z.strictObject({
  trainingData: z.strictObject({ path: z.string(), digest: digestSchema, rows }),
  evaluationRows: rows,
  /** Evaluation rows found in the training data. */
  sharedRows: rows,
  /** Places of the first of them in the evaluation file, from 1, without a header; absent without any, and in older documents. */
  firstRows: z.array(z.int().positive()).max(10).optional(),
});

/** What the version's files would load or run when they are unpickled. */
export const codeSchema = z.strictObject({
  /** Scanner and version, such as `fickling 0.1.12`. */
  scanner: z.string(),
  /** How many files of the version were looked into, MLmodel's settings among them; absent in older documents. */
  scanned: z.int().nonnegative().optional(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      format: z.enum(["pickle", "skops", "other"]),
      /** Fully qualified names the file loads, sorted, such as `sklearn.tree._tree.Tree`. */
      loads: z.array(z.string()),
      /**
       * What is done with each name, sorted, such as `new()`, `build(dict)`, `call(text, number)`, `value` or
       * `skops ObjectNode`; absent in older documents.
       */
      uses: z.record(z.string(), z.array(z.string())).optional(),
      /** Why the file can't be scanned, or what in it is code; null when its loads show what it runs. */
      problem: z.string().nullable(),
      /** sha256 of the file's bytes, lower-case hex; absent in older documents. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
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

const { problem, quality, predictions } = comparisonSchema.shape;

/** One of several numbers that a regression predicts, measured by itself. */
export const targetSchema = z.strictObject({
  /** The label column. */
  name: z.string().min(1),
  metrics: z.record(z.string(), z.number()),
  trivial: trivialSchema,
  slices: z.array(sliceSchema),
  robustness: z.array(robustnessSchema),
  comparison: z.strictObject({ problem, quality, predictions }),
});
