import { z } from "zod";
import type { ProvenancePredicate } from "./types";

/** SLSA provenance v1, https://slsa.dev/provenance/v1. */
export const provenanceType = "https://slsa.dev/provenance/v1";

/** How `tollgate train` makes a version: what the parameters of a provenance mean. */
export const trainingBuildType = "https://tollgate.dev/training/v1";

const builderBase = "https://tollgate.dev/trainers/";

/** What whoever trains says of it, signed. Times are ISO 8601, UTC; digests `sha256:` and 64 hex digits. */
export interface TrainingFacts {
  /** Environment that it was trained in. */
  readonly stack: string;
  readonly command: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  /** Training data as the settings name it. */
  readonly data: string;
  readonly dataVersion: string;
  readonly trainingDataDigest: string;
  /** Evaluation data that was at hand while it was trained; null for none. */
  readonly evaluationDataDigest: string | null;
  /** Of the lock file of the Python environment. */
  readonly requirementsDigest: string;
  /** `<stack>:<version>@<digest>` of the version that this training repeats; null for none. */
  readonly promotedFrom: string | null;
  /** Whose code git says it is: `user.email`, else the author of the commit. */
  readonly author: string | null;
  /** Null outside of git, as is `gitDirty`. */
  readonly gitCommit: string | null;
  /** Were there changes that weren't committed? */
  readonly gitDirty: boolean | null;
  /** OpenSSH fingerprint of the key that signs, `SHA256:…`. */
  readonly keyId: string;
  /** Version of Tollgate. */
  readonly tollgate: string;
  /** The run that the training registered its version from. */
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

const text = z.string().min(1).max(2000);
const sha256 = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** What a training was made from, by name; each at most once. */
const dependencySchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("code"),
    // A commit as git prints it, whole or shortened.
    digest: z.strictObject({ gitCommit: z.string().regex(/^[0-9a-f]{7,64}$/) }),
    annotations: z.strictObject({ dirty: z.boolean() }),
  }),
  z.strictObject({
    name: z.literal("training-data"),
    digest: sha256,
    annotations: z.strictObject({ version: text }),
  }),
  z.strictObject({ name: z.literal("evaluation-data"), digest: sha256 }),
  z.strictObject({ name: z.literal("requirements"), digest: sha256 }),
]);

type Dependency = z.output<typeof dependencySchema>;

/** Strict: what another builder says in fields of its own isn't what these mean. */
export const provenanceSchema: z.ZodType<ProvenancePredicate> = z.strictObject({
  buildDefinition: z.strictObject({
    buildType: z.literal(trainingBuildType),
    externalParameters: z.strictObject({
      stack: text,
      command: z.array(z.string().max(2000)).min(1).max(200),
      parameters: z.record(z.string(), z.string()),
      data: text,
      promotedFrom: text.optional(),
    }),
    internalParameters: z.strictObject({ author: text.optional() }),
    resolvedDependencies: z
      .array(dependencySchema)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length)
      .refine((all) =>
        ["training-data", "requirements"].every((wanted) =>
          all.some(({ name }) => name === wanted),
        ),
      ),
  }),
  runDetails: z.strictObject({
    builder: z.strictObject({
      id: z.string().regex(/^https:\/\/tollgate\.dev\/trainers\/SHA256:[A-Za-z0-9+/]{43}$/),
      version: z.strictObject({ tollgate: text }),
    }),
    metadata: z.strictObject({
      invocationId: text,
      startedOn: z.iso.datetime(),
      finishedOn: z.iso.datetime(),
    }),
  }),
});

/** The predicate that says these facts. */
export function provenancePredicate(facts: TrainingFacts): ProvenancePredicate {
  const { stack, command, parameters, data, promotedFrom, author, gitCommit } = facts;
  const code: Dependency[] =
    gitCommit === null
      ? []
      : [
          {
            name: "code",
            digest: { gitCommit },
            // What can't be told is not clean.
            annotations: { dirty: facts.gitDirty ?? true },
          },
        ];
  const evaluation: Dependency[] =
    facts.evaluationDataDigest === null
      ? []
      : [{ name: "evaluation-data", digest: { sha256: hexOf(facts.evaluationDataDigest) } }];
  return {
    buildDefinition: {
      buildType: trainingBuildType,
      externalParameters: {
        stack,
        command: [...command],
        parameters: { ...parameters },
        data,
        ...(promotedFrom === null ? {} : { promotedFrom }),
      },
      internalParameters: author ? { author } : {},
      resolvedDependencies: [
        ...code,
        {
          name: "training-data",
          digest: { sha256: hexOf(facts.trainingDataDigest) },
          annotations: { version: facts.dataVersion },
        },
        ...evaluation,
        { name: "requirements", digest: { sha256: hexOf(facts.requirementsDigest) } },
      ],
    },
    runDetails: {
      builder: { id: builderBase + facts.keyId, version: { tollgate: facts.tollgate } },
      metadata: {
        invocationId: facts.runId,
        startedOn: facts.startedAt,
        finishedOn: facts.finishedAt,
      },
    },
  };
}

/** The facts of a predicate that was read. */
export function trainingFacts({ buildDefinition, runDetails }: ProvenancePredicate): TrainingFacts {
  const { externalParameters, internalParameters, resolvedDependencies } = buildDefinition;
  const named = <N extends Dependency["name"]>(name: N) =>
    (resolvedDependencies as Dependency[]).find(
      (each): each is Extract<Dependency, { name: N }> => each.name === name,
    );
  const code = named("code");
  const data = named("training-data")!;
  const evaluation = named("evaluation-data");
  const { builder, metadata } = runDetails;
  return {
    stack: externalParameters.stack,
    command: externalParameters.command,
    parameters: externalParameters.parameters,
    data: externalParameters.data,
    dataVersion: data.annotations.version,
    trainingDataDigest: `sha256:${data.digest.sha256}`,
    evaluationDataDigest: evaluation ? `sha256:${evaluation.digest.sha256}` : null,
    requirementsDigest: `sha256:${named("requirements")!.digest.sha256}`,
    promotedFrom: externalParameters.promotedFrom ?? null,
    author: internalParameters.author ?? null,
    gitCommit: code?.digest.gitCommit ?? null,
    gitDirty: code?.annotations.dirty ?? null,
    keyId: builder.id.slice(builderBase.length),
    tollgate: builder.version.tollgate,
    runId: metadata.invocationId,
    startedAt: metadata.startedOn,
    finishedAt: metadata.finishedOn,
  };
}

function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, "");
}
