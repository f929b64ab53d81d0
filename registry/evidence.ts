import { z } from "zod";

/** `sha256:` and 64 lower-case hex digits. */
export const digestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hex digits');

const column = z.strictObject({
  name: z.string(),
  type: z.string(),
  required: z.boolean(),
});

/**
 * The measured facts about one model version, written by `tollgate evaluate` as the run artifact
 * `tollgate/evidence-<version>.json`; the sha256 of that file is the version's `tollgate.evidence` tag.
 * Numbers are finite by schema: a NaN or an infinite metric makes the document unreadable, a refusal.
 */
export const evidenceSchema = z.strictObject({
  schema: z.literal("tollgate.evidence/1"),
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
  }),
  /** Column-based signature, or null when the model was logged without one. */
  signature: z
    .strictObject({ inputs: z.array(column).min(1), outputs: z.array(column).min(1) })
    .nullable(),
  /** One request with one row at a time to the real scorer over loopback, in milliseconds. */
  latency: z.strictObject({
    p50Ms: z.number().nonnegative(),
    p95Ms: z.number().nonnegative(),
    p99Ms: z.number().nonnegative(),
    requests: z.int().positive(),
    concurrency: z.int().positive(),
  }),
  /** Did the real scorer start from these bytes and answer a sample with as many predictions as rows? */
  smoke: z.strictObject({ passed: z.boolean(), detail: z.string() }),
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
