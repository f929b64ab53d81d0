import { z } from "zod";
import {
  calibrationSchema,
  codeSchema,
  comparisonSchema,
  dataDriftSchema,
  dataQualitySchema,
  dependenciesSchema,
  digestSchema,
  fairnessSchema,
  latencySchema,
  leakageSchema,
  modelSignatureSchema,
  robustnessSchema,
  signatureSchema,
  sliceSchema,
} from "./measurements";

export { digestSchema };

/**
 * The measured facts about one model version, written by `tollgate evaluate` as the run artifact
 * `tollgate/evidence-<version>.json`; the sha256 of that file is the version's `tollgate.evidence` tag.
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
  /** accuracy, precision, recall, f1 (macro unless binary), or r2, mae, rmse. */
  metrics: z.record(z.string(), z.number()),
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
  /** Resident memory of the real scorer after the latency requests, in bytes; null where it can't be told. */
  memoryBytes: z.int().positive().nullable(),
  /** Did the real scorer start from these bytes and answer a sample with as many predictions as rows? */
  smoke: z.strictObject({ passed: z.boolean(), detail: z.string() }),
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

/** Artifact path of the evidence document inside the version's run. */
export function evidenceArtifactPath(version: string): string {
  return `tollgate/evidence-${version}.json`;
}

/** Artifact path of the DSSE envelope that signs the evidence document; absent when nobody signed it. */
export function evidenceSignaturePath(version: string): string {
  return `tollgate/evidence-${version}.dsse.json`;
}
