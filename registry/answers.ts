import { z } from "zod";

/** protobuf's int64, which MLflow writes as a number and other servers as a string. */
const int64 = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);

/** A number as protobuf writes it to JSON: the three that JSON lacks are strings. */
const double = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform((text) => Number(text)),
]);

/** MLflow's lists of keys and values, as a record. */
function byKey<V extends z.ZodType>(value: V) {
  type Item = { key: string; value: z.output<V> };
  return z
    .array(z.object({ key: z.string(), value }))
    .default([])
    .transform((list): Record<string, z.output<V>> =>
      Object.fromEntries((list as Item[]).map((item) => [item.key, item.value])),
    );
}

/** MLflow leaves out empty strings, or sends them; both mean "none". */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => text || null);

export const experimentAnswer = z
  .object({
    experiment_id: z.string(),
    name: z.string(),
    artifact_location: z.string().default(""),
    lifecycle_stage: z.string().default("active"),
    tags: byKey(z.string().default("")),
  })
  .transform((experiment) => ({
    experimentId: experiment.experiment_id,
    name: experiment.name,
    artifactLocation: experiment.artifact_location,
    /** `active` or `deleted`. */
    lifecycleStage: experiment.lifecycle_stage,
    tags: experiment.tags,
  }));

export const runAnswer = z
  .object({
    info: z.object({
      run_id: z.string(),
      run_name: optionalText,
      experiment_id: z.string(),
      user_id: optionalText,
      status: z.string(),
      start_time: int64.default(0),
      end_time: int64.nullish(),
      artifact_uri: z.string(),
      lifecycle_stage: z.string().default("active"),
    }),
    data: z
      .object({
        metrics: byKey(double.default(0)),
        params: byKey(z.string().default("")),
        tags: byKey(z.string().default("")),
      })
      .default({ metrics: {}, params: {}, tags: {} }),
  })
  .transform(({ info, data }) => ({
    runId: info.run_id,
    runName: info.run_name,
    experimentId: info.experiment_id,
    userId: info.user_id,
    /** `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`. */
    status: info.status,
    /** Milliseconds since 1970. */
    startTime: info.start_time,
    endTime: info.end_time ?? null,
    /** Where the run's artifacts lie, such as `mlflow-artifacts:/1/<run>/artifacts`. */
    artifactUri: info.artifact_uri,
    lifecycleStage: info.lifecycle_stage,
    /** Last value of each; may be NaN or infinite. */
    metrics: data.metrics,
    params: data.params,
    tags: data.tags,
  }));

export const modelVersionAnswer = z
  .object({
    name: z.string(),
    version: z.union([z.string(), z.number().transform(String)]),
    status: z.string().default("READY"),
    status_message: optionalText,
    current_stage: z.string().default("None"),
    source: z.string().default(""),
    run_id: optionalText,
    description: optionalText,
    creation_timestamp: int64.default(0),
    tags: byKey(z.string().default("")),
    aliases: z.array(z.string()).default([]),
  })
  .transform((version) => ({
    name: version.name,
    /** A decimal string. */
    version: version.version,
    /** `READY`, `PENDING_REGISTRATION` or `FAILED_REGISTRATION`. */
    status: version.status,
    statusMessage: version.status_message,
    /** Legacy stage: `None`, `Staging`, `Production` or `Archived`. */
    currentStage: version.current_stage,
    /** As it was registered: `models:/m-…`, `runs:/…` or an artifact address. */
    source: version.source,
    runId: version.run_id,
    description: version.description,
    /** Milliseconds since 1970. */
    creationTimestamp: version.creation_timestamp,
    tags: version.tags,
    /** Filled in by `getModelVersion` and `getModelVersionByAlias`; searches leave it empty. */
    aliases: version.aliases,
  }));

export const registeredModelAnswer = z
  .object({
    name: z.string(),
    description: optionalText,
    tags: byKey(z.string().default("")),
    aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
    latest_versions: z.array(modelVersionAnswer).default([]),
  })
  .transform((model) => ({
    name: model.name,
    description: model.description,
    tags: model.tags,
    /** Version by alias. */
    aliases: Object.fromEntries(
      model.aliases.map(({ alias, version }) => [alias, version]),
    ) as Record<string, string>,
    /** The newest version of each legacy stage. */
    latestVersions: model.latest_versions,
  }));

const fileAnswer = z
  .object({
    path: z.string().min(1),
    is_dir: z.boolean().default(false),
    file_size: int64.default(0),
  })
  .transform((file) => ({ path: file.path, isDir: file.is_dir, sizeBytes: file.file_size }));

export const filesAnswer = z.object({ files: z.array(fileAnswer).default([]) });
export const runFilesAnswer = filesAnswer.extend({ root_uri: z.string().default("") });

export type Experiment = z.output<typeof experimentAnswer>;
export type Run = z.output<typeof runAnswer>;
export type ModelVersion = z.output<typeof modelVersionAnswer>;
export type RegisteredModel = z.output<typeof registeredModelAnswer>;
/** One entry of an artifact listing. */
export type FileInfo = z.output<typeof fileAnswer>;
