import { z } from "zod";
import { digestSchema } from "../registry/evidence";

/** TCP port. */
const port = z.int().min(1).max(65535);
const seconds = z.number().min(0).max(3600);
const host = z
  .string()
  .min(1)
  .describe("Address to listen on. Anything but loopback is your decision.");
const relativePath = z.string().min(1).describe("Path, from the project folder.");

/** `<version>@<digest>`: the one line whose change is the promotion. */
export const pinSchema = z
  .string()
  .regex(
    /^[1-9][0-9]*@sha256:[0-9a-f]{64}$/,
    'expected "<version>@sha256:<64 hex digits>", as `tollgate pin` writes it',
  );

const trackingServer = z.strictObject({
  uri: z
    .url({
      protocol: /^https?$/,
      error: "expected an http or https address such as https://registry.example.com",
    })
    .refine(
      (uri) => !/^[a-z]+:\/\/[^/?#]*@/i.test(uri),
      "expected an address without user and password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    )
    .optional()
    .describe(
      "A registry that is kept elsewhere (such as DagsHub). Unset: this stack runs its own.",
    ),
  host: host.optional(),
  port: port.optional(),
  caFile: relativePath
    .optional()
    .describe("PEM file of a private CA that signed the registry's certificate."),
  tokenVariable: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of an environment variable")
    .optional()
    .describe("Environment variable with the registry's token. Default MLFLOW_TRACKING_TOKEN."),
  timeoutSeconds: seconds
    .optional()
    .describe("Longest wait for one answer of the registry. Default 5."),
});

const artifactStore = z.strictObject({
  kind: z.enum(["folder", "s3"]).optional(),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected an S3 bucket name")
    .optional(),
});

const scorer = z.strictObject({
  host: host.optional(),
  port: port.optional().describe("Where callers reach the model: the router listens here."),
  replicas: z.int().min(1).max(16).optional(),
  logLevel: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).optional(),
  startTimeoutSeconds: seconds
    .optional()
    .describe("Longest wait for a scorer to be ready. Default 60."),
  captureRows: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe(
      "How many of the last rows callers sent are kept, for the drift gate. Default 0: none.",
    ),
});

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const train = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'What trains and registers, such as ["python", "train.py"]. Run in the project folder.',
    ),
  data: relativePath.describe("This environment's training data: a file or a folder."),
  dataVersion: z
    .string()
    .min(1)
    .optional()
    .describe("Version of the data, such as a DVC tag. Default: its digest."),
  parameters: parameters
    .optional()
    .describe("Passed as environment variables PARAM_<NAME> and logged by the entry."),
  timeoutSeconds: z.number().positive().optional().describe("Default 3600."),
});

const evaluation = z.strictObject({
  data: relativePath.describe("Pinned evaluation data: a CSV or Parquet file."),
  label: z.string().min(1).describe("Column to predict."),
  task: z.enum(["classification", "regression"]).optional(),
  digest: digestSchema
    .optional()
    .describe("Digest the evaluation data must have. Default: that of the file at hand."),
  maxRows: z
    .int()
    .min(100)
    .optional()
    .describe("More rows than these are sampled, which the evidence says. Default 200000."),
});

const python = z.strictObject({
  requirements: relativePath
    .optional()
    .describe(
      "Locked requirements (with hashes) of training and scoring. Default: Tollgate's own.",
    ),
});

const release = z.strictObject({
  watchSeconds: seconds.optional(),
  warmSeconds: seconds.optional(),
  maxErrorRate: z.number().min(0).max(1).optional().describe("Default 0.01."),
  maxP95Ms: z.number().positive().optional().describe("Default 200."),
});

/**
 * What `Pulumi.<stack>.yaml` may hold, each top-level key as `tollgate:<key>`. Strict: an unknown key is
 * an error, so that a typo can't become a default. Defaults are filled in by `resolve.ts`.
 */
export function settingsSchema<G extends z.ZodType>(gates: G) {
  return z.strictObject({
    tier: z
      .enum(["dev", "staging", "prod"])
      .describe("Which column of defaults this environment has."),
    model: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "expected letters, digits, and _ . -")
      .describe("Registered model name."),
    pin: pinSchema
      .optional()
      .describe("The model version this environment serves. Written by `tollgate pin`."),
    pack: digestSchema
      .optional()
      .describe("Digest of the gates this stack was reviewed under. Written by `tollgate pack`."),
    signers: relativePath
      .optional()
      .describe(
        "Allowed-signers file (OpenSSH's format). Default signers/<stack>.allowed_signers.",
      ),
    revokedKeys: relativePath
      .optional()
      .describe("Revoked public keys, one a line. Default signers/revoked_keys."),
    runtime: z
      .enum(["local"])
      .optional()
      .describe("What the environment is made of. Default local."),
    experiment: z
      .string()
      .min(1)
      .optional()
      .describe("Base name of the experiment. Default: the model's name."),
    experimentSuffix: z.string().optional(),
    stage: z.enum(["None", "Staging", "Production"]).optional(),
    alias: z
      .string()
      .regex(/^[a-z][a-z0-9_-]*$/, "expected lower-case letters, digits, _ and -")
      .optional(),
    trackingServer: trackingServer.optional(),
    database: z.strictObject({ kind: z.enum(["sqlite", "postgres"]).optional() }).optional(),
    artifactStore: artifactStore.optional(),
    scorer: scorer.optional(),
    train: train.optional(),
    evaluation: evaluation.optional(),
    python: python.optional(),
    gates: gates.optional(),
    release: release.optional(),
    exposed: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Resources that may be reached from elsewhere, by name. The guardrail nothing-beyond-loopback refuses any other. Default: none.",
      ),
  });
}

export type RawSettings = z.output<
  ReturnType<typeof settingsSchema<z.ZodType<GatesInput | undefined>>>
>;

/** The `gates` setting: a level for all, and by gate name its own settings and level. */
export type GatesInput = { level?: "mandatory" | "advisory" | "disabled" } & Record<
  string,
  unknown
>;
