import { z } from "zod";
import {
  answerSchema,
  calibrationSchema,
  classesSchema,
  codeSchema,
  comparisonSchema,
  dataDriftSchema,
  dataQualitySchema,
  dependenciesSchema,
  digestSchema,
  fairnessSchema,
  independenceSchema,
  latencySchema,
  leakageSchema,
  modelSignatureSchema,
  robustnessSchema,
  signatureSchema,
  sliceSchema,
  supportSchema,
  targetSchema,
  trivialSchema,
} from "./measurements";

export { digestSchema };

/**
 * The measured facts about one model version, written by `tollgate evaluate` as an artifact of its run
 * (`artifactPath`); the sha256 of that file is the version's `tollgate.evidence` tag.
 * Numbers are finite by schema: a NaN or an infinite metric makes the document unreadable, a refusal.
 * A part that is null or empty was not measured, which the gate that needs it refuses.
 */
export const evidenceSchema = z.strictObject({
  schema: z.literal("tollgate.evidence/2"),
  model: z.strictObject({
    name: z.string().min(1),
    version: z.string().regex(/^[1-9][0-9]*$/),
    digest: digestSchema,
    /** Total size of the version's files, in bytes. */
    sizeBytes: z.int().nonnegative(),
  }),
  task: z.enum(["classification", "regression"]),
  /** Absent where an answer is itself what is measured, and from documents of before other answers could be. */
  answer: answerSchema.optional(),
  /** Absent for a regression, and from documents of before classes were named: those take 1 or the later of two. */
  classes: classesSchema.optional(),
  /**
   * accuracy, precision, recall, f1 (macro unless binary) and the last three as `_macro` and `_weighted`; or r2, mae, rmse,
   * of several targets by `<metric>:<target>` and r2 of the worst.
   */
  metrics: z.record(z.string(), z.number()),
  /** Of the whole evaluation data. */
  support: supportSchema.optional(),
  trivial: trivialSchema.optional(),
  /** Of a regression of several numbers: what is measured of each by itself. */
  targets: z.array(targetSchema).min(2).optional(),
  /** The pinned evaluation data the metrics were measured on. */
  data: z.strictObject({
    path: z.string(),
    digest: digestSchema,
    rows: z.int().positive(),
    /** Rows that were measured: all of them, or a random sample drawn with `evaluator.seed`. */
    rowsUsed: z.int().positive(),
  }),
  /** Null when the model was logged without one. */
  signature: signatureSchema.nullable(),
  latency: latencySchema,
  /** Resident memory of the real scorer after the latency requests, in bytes; null where it can't be measured. */
  memoryBytes: z.int().positive().nullable(),
  /** Did the real scorer start from these bytes and answer a sample with as many predictions as rows? */
  smoke: z.strictObject({ passed: z.boolean(), detail: z.string() }),
  /**
   * The kept answers: a document of its own beside this one, by its digest, with what the real scorer answered to rows of
   * the evaluation data. A release wants the same answers. Absent from what was evaluated before answers were kept.
   */
  answers: z.strictObject({ digest: digestSchema, rows: z.int().positive() }).optional(),
  /** Not in documents of before it was measured. */
  independence: independenceSchema.optional(),
  slices: z.array(sliceSchema),
  fairness: z.array(fairnessSchema),
  robustness: z.array(robustnessSchema),
  /** Null where the model gives no probabilities. */
  calibration: calibrationSchema.nullable(),
  dataQuality: dataQualitySchema.nullable(),
  dataDrift: z.array(dataDriftSchema),
  /** Null when nothing was deployed. */
  comparison: comparisonSchema.nullable(),
  /** Null when the training data was not at hand. */
  leakage: leakageSchema.nullable(),
  code: codeSchema,
  dependencies: dependenciesSchema,
  /** Null when the version carries none. */
  modelSignature: modelSignatureSchema.nullable(),
  /** Where the version comes from. Null means not recorded, which the lineage gate refuses. */
  lineage: z.strictObject({
    runId: z.string().nullable(),
    experiment: z.string().nullable(),
    gitCommit: z.string().nullable(),
    gitDirty: z.boolean().nullable(),
    author: z.string().nullable(),
    dataVersion: z.string().nullable(),
    trainingDataDigest: digestSchema.nullable(),
    parameters: z.record(z.string(), z.string()),
  }),
  evaluator: z.strictObject({
    version: z.string(),
    /** ISO 8601, UTC. */
    evaluatedAt: z.iso.datetime(),
    python: z.string(),
    platform: z.string(),
    cpus: z.int().positive(),
    /** Memory of the host, in bytes. */
    memoryBytes: z.int().positive(),
    /** Of everything that was drawn at random. */
    seed: z.int().nonnegative(),
    /** Commit of the project folder the evaluation ran in; null outside of git. */
    gitCommit: z.string().nullable(),
  }),
});

export type Evidence = z.output<typeof evidenceSchema>;

/** Tags Tollgate writes on a model version. */
export const versionTags = {
  digest: "tollgate.digest",
  evidence: "tollgate.evidence",
  gitCommit: "tollgate.git_commit",
  gitDirty: "tollgate.git_dirty",
  author: "tollgate.author",
  dataVersion: "tollgate.data_version",
  trainingDataDigest: "tollgate.training_data_digest",
  /** JSON object of the training parameters, so that a code-first promotion trains the same thing. */
  parameters: "tollgate.parameters",
  /** `<stack>:<version>@<digest>` the version was promoted from, when it was. */
  promotedFrom: "tollgate.promoted_from",
} as const;
