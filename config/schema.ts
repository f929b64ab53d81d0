import { z } from "zod";
import { digestSchema } from "../registry/evidence";
import type { Tier } from "../policies/gate";
import { evaluationSchema } from "./evaluation-schema";
import { byTier, defaults, signersFile } from "./defaults";
import { tiers } from "./tiers";

/** TCP port. */
const port = z.int().min(1).max(65535);
const seconds = z.number().min(0).max(3600);
const host = z
  .string()
  .min(1)
  .describe("Address to listen on. Anything but loopback is your decision.");
const relativePath = z.string().min(1).describe("Path, from the project folder.");

/**
 * Characters that no model's name may have, though MLflow takes most of them: what means something elsewhere (`$(…)` in
 * arguments of a pod, `{{…}}` in templates of Argo and Prometheus, quotes in the registry's filters) and what can't be seen.
 */
const notInNames = String.raw`\u0000-\u001f!-'*/:-@[-^\u0060{-\u00a0\u00ad\u1680\u2000-\u206f\u3000\ufeff\ufff0-\uffff`;
// Without classes of Unicode, which need a flag that validators of JSON Schema don't set.
const modelName = new RegExp(`^[^${notInNames} .,()+-]([^${notInNames}]*[^${notInNames} ])?$`);
const modelNameInWords =
  "expected letters, digits, spaces and _ . , ( ) + -, with a letter, a digit or _ at the beginning and no space at the end";

/** `<version>@<digest>`: the one line whose change is the promotion. */
export const pinSchema = z
  .string()
  .regex(
    /^[1-9][0-9]*@sha256:[0-9a-f]{64}$/,
    'expected "<version>@sha256:<64 hex digits>", as `tollgate pin` writes it',
  );

/** A branch, or a remote's, such as `origin/main`. */
const branch = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
    "expected the name of a branch, such as main or origin/main",
  );

/** Name of an object in Kubernetes: what RFC 1123 calls a label. */
const label = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "expected lower-case letters, digits and -, at most 63",
  );
const secretName = label;
const quantity = z
  .string()
  .regex(/^[1-9][0-9]*(m|[KMGT]i?)?$/, 'expected a quantity such as "500m" or "2Gi"');
const image = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/,
    'expected "<image>@sha256:<64 hex digits>": a tag can be moved, a digest can\'t',
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
    .describe(
      `Environment variable with the registry's token. Default ${defaults.trackingServer.tokenVariable}.`,
    ),
  timeoutSeconds: seconds
    .optional()
    .describe(
      `Longest wait for one answer of the registry. Default ${defaults.trackingServer.timeoutSeconds}.`,
    ),
  credentials: z
    .enum(["required", "none"])
    .optional()
    .describe(
      `Does this stack's own registry want a password? It is made and kept by \`up\`. Default: ${byTier("credentials")}.`,
    ),
});

const artifactStore = z.strictObject({
  kind: z.enum(["folder", "s3"]).optional(),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected an S3 bucket name")
    .optional(),
  secret: secretName
    .optional()
    .describe(
      "Runtime kubernetes: a Secret you keep, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for an S3 store that is kept elsewhere. Unset: this stack runs SeaweedFS.",
    ),
  endpoint: z
    .url({ protocol: /^https?$/, error: "expected an http or https address" })
    .optional()
    .describe("Runtime kubernetes: address of an S3 store that is kept elsewhere. Default: AWS."),
  size: quantity
    .optional()
    .describe(`Runtime kubernetes: size of its volume. Default ${defaults.artifactStore.size}.`),
});

const database = z.strictObject({
  kind: z.enum(["sqlite", "postgres"]).optional(),
  secret: secretName
    .optional()
    .describe(
      "Runtime kubernetes: a Secret you keep, whose key url holds the address of a PostgreSQL that is kept elsewhere (RDS, CloudNativePG). Unset: this stack runs its own.",
    ),
  size: quantity
    .optional()
    .describe(`Runtime kubernetes: size of its volume. Default ${defaults.database.size}.`),
});

const scorer = z.strictObject({
  host: host.optional(),
  port: port.optional().describe("Where callers reach the model: the router listens here."),
  replicas: z.int().min(1).max(16).optional(),
  logLevel: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).optional(),
  startTimeoutSeconds: seconds
    .optional()
    .describe(
      `Longest wait for a scorer to be ready. Default ${defaults.scorer.startTimeoutSeconds}; in a cluster ${defaults.scorer.startTimeoutSecondsInCluster}.`,
    ),
  answerSeconds: z
    .int()
    .min(1)
    .max(3600)
    .optional()
    .describe(
      `Longest that an answer may take. The router ends what takes longer, and a scorer that is retired gets as long for what it has begun. Default ${defaults.scorer.answerSeconds}.`,
    ),
  captureRows: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe(
      `How many of the last rows callers sent are kept, for the drift gate; 0: none. Default ${defaults.scorer.captureRows}.`,
    ),
  sandbox: z
    .enum(["required", "preferred", "off"])
    .optional()
    .describe(
      `What is around a scorer's model. required: no scorer starts on a host that has none; preferred: it goes on without and says so. Default: ${byTier("sandbox")}. In a cluster the pod is the sandbox, unless off.`,
    ),
  memoryMiB: z
    .int()
    .min(512)
    .max(1_048_576)
    .optional()
    .describe(
      `Runtime local: most private memory of one scorer, heaps, arrays and stacks of threads. Default ${defaults.scorer.memoryMiB}. In a cluster tollgate:kubernetes.resources.scorer.memory says it.`,
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
  timeoutSeconds: z
    .number()
    .positive()
    .optional()
    .describe(`Default ${defaults.train.timeoutSeconds}.`),
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
  maxErrorRate: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(`Default ${defaults.release.maxErrorRate}.`),
  maxP95Ms: z.number().positive().optional().describe(`Default ${defaults.release.maxP95Ms}.`),
});

const resources = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

const kubernetes = z.strictObject({
  kubeconfig: relativePath
    .optional()
    .describe("Default: what KUBECONFIG names, else ~/.kube/config."),
  context: z.string().min(1).optional().describe("Context in it. Default: its current one."),
  namespace: label.optional().describe("Default <model>-<stack>: shared with no other stack."),
  createNamespace: z
    .boolean()
    .optional()
    .describe(
      `false: somebody else makes the namespace. Default ${defaults.kubernetes.createNamespace}.`,
    ),
  images: z.strictObject({
    tollgate: image.describe("serving/Dockerfile: scorer, MLflow server, migrations."),
    postgres: image.optional().describe("Needed while this stack runs its own database."),
    seaweedfs: image.optional().describe("Needed while this stack runs its own S3 store."),
  }),
  imagePullSecrets: z
    .array(secretName)
    .optional()
    .describe("Secrets you keep, with which machines get the images."),
  rollout: z
    .enum(["deployment", "blueGreen", "canary"])
    .optional()
    .describe(
      `How traffic moves. blueGreen and canary need Argo Rollouts in the cluster; deployment: a new Deployment beside the old one, checked before the Service is switched. Default ${defaults.kubernetes.rollout}.`,
    ),
  canarySteps: z
    .array(z.int().min(1).max(99))
    .min(1)
    .optional()
    .describe(
      `Shares of the scorers that a canary gets, in percent. Default [${defaults.kubernetes.canarySteps.join(", ")}].`,
    ),
  modelFrom: z
    .enum(["registry", "image", "kserve"])
    .optional()
    .describe(
      `How the model's bytes get in: an init container downloads and checks them (registry), the image holds them below /models (image), or KServe serves them (kserve). Default ${defaults.kubernetes.modelFrom}.`,
    ),
  modelImage: image
    .optional()
    .describe("With modelFrom image: the image that holds the pinned version."),
  service: z
    .strictObject({
      type: z.enum(["ClusterIP", "NodePort", "LoadBalancer"]).optional(),
      nodePort: z.int().min(1).max(65535).optional(),
    })
    .optional()
    .describe(
      `The scorer's Service; with ClusterIP nobody outside the cluster gets in. Default ${defaults.kubernetes.serviceType}.`,
    ),
  ingress: z
    .strictObject({
      host: z.string().min(1),
      className: label.optional(),
      tlsSecret: secretName.optional(),
    })
    .optional()
    .describe("An Ingress to the scorer."),
  gateway: z
    .strictObject({ host: z.string().min(1), name: label, namespace: label.optional() })
    .optional()
    .describe("A Gateway (Gateway API) that an HTTPRoute to the scorer is attached to."),
  resources: z
    .strictObject({
      scorer: resources.optional(),
      trackingServer: resources.optional(),
      database: resources.optional(),
      artifactStore: resources.optional(),
    })
    .optional()
    .describe(
      "What each container asks for; the tier says whether as request, limit or not at all.",
    ),
  autoscale: z
    .strictObject({
      maxReplicas: z.int().min(2).max(1000),
      cpuPercent: z.int().min(1).max(100).optional(),
      requestsPerSecond: z.number().positive().optional(),
    })
    .optional()
    .describe(
      `Scales the scorer by CPU (default ${defaults.kubernetes.cpuPercent} %) or by requests per second of one scorer, which wants a metrics adapter.`,
    ),
  monitoring: z
    .enum(["annotations", "operator"])
    .optional()
    .describe(
      `How Prometheus finds what to scrape: annotations, or PodMonitor and PrometheusRule for clusters with its operator. Default ${defaults.kubernetes.monitoring}.`,
    ),
  prometheus: z
    .url({ protocol: /^https?$/, error: "expected an http or https address" })
    .optional()
    .describe("Prometheus that Argo's analysis asks. Unset: the analysis is a Job alone."),
  storageClass: label.optional().describe("Default: the cluster's own default."),
  priorityClass: label.optional().describe("Of all pods. Default: none."),
});

/**
 * What `Pulumi.<stack>.yaml` may hold, each top-level key as `tollgate:<key>`. Strict: an unknown key is
 * an error, so that a typo can't become a default. Defaults are filled in by `resolve.ts`.
 */
export function settingsSchema<G extends z.ZodType>(gates: G) {
  return z.strictObject({
    tier: z
      .enum(Object.keys(tiers) as [Tier, ...Tier[]])
      .describe("Which column of defaults this environment has."),
    model: z.string().regex(modelName, modelNameInWords).describe("Registered model name."),
    pin: pinSchema
      .optional()
      .describe("The model version this environment serves. Written by `tollgate pin`."),
    pack: digestSchema
      .optional()
      .describe("Digest of the gates this stack was reviewed under. Written by `tollgate pack`."),
    reviewed: branch
      .optional()
      .describe(
        `Branch whose commits count as reviewed: settings, signers and waivers must be as they are there. Default: ${byTier("reviewed")}.`,
      ),
    signers: relativePath
      .optional()
      .describe(`Allowed-signers file (OpenSSH's format). Default ${signersFile("<stack>")}.`),
    revokedKeys: relativePath
      .optional()
      .describe(`Revoked public keys, one a line. Default ${defaults.revokedKeys}.`),
    runtime: z
      .enum(["local", "kubernetes"])
      .optional()
      .describe(`What the environment is made of. Default ${defaults.runtime}.`),
    protect: z
      .boolean()
      .optional()
      .describe(
        `Does \`destroy --delete-data\` want the stack's name, typed or by --yes, before it deletes the registry? Default: ${byTier("protect")}.`,
      ),
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
    database: database.optional(),
    artifactStore: artifactStore.optional(),
    scorer: scorer.optional(),
    train: train.optional(),
    evaluation: evaluationSchema.optional(),
    python: python.optional(),
    gates: gates.optional(),
    release: release.optional(),
    kubernetes: kubernetes
      .optional()
      .describe(
        "Where and how, with runtime kubernetes; with another runtime it is kept for later.",
      ),
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
