import path from "node:path";
import type { PinnedVersion, Tier } from "../policies/gate";
import { gateDefaults, gatesSchema, resolveGateConfigurations } from "../policies/configurations";
import { defaults, signersFile } from "./defaults";
import { SettingsError } from "../project/errors";
import { contradictions } from "./contradictions";
import { kubernetesOf } from "./resolve-kubernetes";
import { parseInWords, pathText, type Problem } from "../strict/problems";
import { type RawSettings, settingsSchema } from "./schema";
import type { KubernetesSettings, Settings } from "./settings";
import { requireStackName } from "../project/stack-files";
import { type TierDefaults, tiers } from "./tiers";

/** What a stack's settings are resolved with besides its file. */
export interface StackContext {
  /** Pulumi stack name. */
  readonly stack: string;
  /** Folder with `Pulumi.yaml`, absolute. */
  readonly projectDir: string;
  /** Locked requirements of a stack that names none, absolute. */
  readonly requirements: string;
}

/** The whole of what a stack's file may hold under `tollgate:`. */
export const stackSchema = settingsSchema(gatesSchema);

/**
 * Checks what a stack's file holds and fills in every default, from the stack's tier first.
 *
 * @param raw values by key, without the `tollgate:` in front
 * @throws SettingsError with all problems at once
 */
export function resolveSettings(
  raw: Readonly<Record<string, unknown>>,
  context: StackContext,
): Settings {
  // Also of a stack that plain `pulumi` made: its name becomes that of a folder.
  requireStackName(context.stack);
  const where = `Pulumi.${context.stack}.yaml`;
  const parsed = parseInWords(stackSchema, raw);
  const tier: TierDefaults | undefined = Object.hasOwn(tiers, String(raw["tier"]))
    ? tiers[raw["tier"] as Tier]
    : undefined;
  const problems = parsed.problems ?? [];

  // As written, because parsing fills in a gate's own defaults, which would look like the stack's.
  const input = raw["gates"] as Record<string, unknown> | undefined;
  const readable = tier && !problems.some(({ path: [key] }) => key === "gates");
  const gates = readable
    ? resolveGateConfigurations(input, gateDefaults(raw["tier"] as Tier))
    : undefined;
  problems.push(
    ...(gates?.problems ?? []).map(({ path, text }) => ({ path: ["gates", ...path], text })),
  );
  if (parsed.data && tier) problems.push(...contradictions(parsed.data, tier));
  if (problems.length > 0 || !parsed.data || !tier || !gates) {
    throw SettingsError.of(where, problems.map(line));
  }
  return frozen(settingsOf(parsed.data as RawSettings, tier, gates.configurations, context));
}

function settingsOf(
  raw: RawSettings,
  tier: TierDefaults,
  gates: Settings["gates"],
  { stack, projectDir, requirements }: StackContext,
): Settings {
  const inProject = (file: string) => path.resolve(projectDir, file);
  const { scorer, train, evaluation, release } = raw;
  const kubernetes = kubernetesOf(raw, tier, stack, inProject);
  const stateDir = path.join(projectDir, ".tollgate", stack);
  const common = {
    stack,
    projectDir,
    stateDir,
    tier: raw.tier,
    model: raw.model,
    pin: raw.pin === undefined ? null : pinOf(raw.model, raw.pin),
    pack: raw.pack ?? null,
    reviewed: raw.reviewed ?? tier.reviewed,
    signers: inProject(raw.signers ?? signersFile(stack)),
    revokedKeys: inProject(raw.revokedKeys ?? defaults.revokedKeys),
    runtime: raw.runtime ?? defaults.runtime,
    protect: raw.protect ?? tier.protect,
    experiment: (raw.experiment ?? raw.model) + (raw.experimentSuffix ?? tier.experimentSuffix),
    stage: raw.stage ?? tier.stage,
    alias: raw.alias ?? tier.alias,
    trackingServer: trackingServerOf(raw, tier, inProject, kubernetes, stateDir),
    database: {
      kind: raw.database?.kind ?? tier.database,
      secret: raw.database?.secret ?? null,
      size: raw.database?.size ?? defaults.database.size,
    },
    artifactStore: {
      kind: raw.artifactStore?.kind ?? tier.artifactStore,
      bucket: raw.artifactStore?.bucket ?? bucketOf(stack),
      secret: raw.artifactStore?.secret ?? null,
      endpoint: raw.artifactStore?.endpoint ?? null,
      size: raw.artifactStore?.size ?? defaults.artifactStore.size,
    },
    scorer: {
      host: scorer?.host ?? loopback,
      port: scorer?.port ?? tier.scorerPort,
      replicas: scorer?.replicas ?? tier.replicas,
      logLevel: scorer?.logLevel ?? tier.logLevel,
      startTimeoutSeconds:
        scorer?.startTimeoutSeconds ??
        (kubernetes
          ? defaults.scorer.startTimeoutSecondsInCluster
          : defaults.scorer.startTimeoutSeconds),
      answerSeconds: scorer?.answerSeconds ?? defaults.scorer.answerSeconds,
      captureRows: scorer?.captureRows ?? defaults.scorer.captureRows,
      sandbox: scorer?.sandbox ?? tier.sandbox,
      memoryMiB: scorer?.memoryMiB ?? defaults.scorer.memoryMiB,
    },
    train: train
      ? {
          command: train.command,
          data: train.data,
          dataVersion: train.dataVersion ?? null,
          parameters: Object.fromEntries(
            Object.entries(train.parameters ?? {}).map(([name, value]) => [name, String(value)]),
          ),
          timeoutSeconds: train.timeoutSeconds ?? defaults.train.timeoutSeconds,
        }
      : null,
    evaluation: evaluation
      ? {
          ...evaluation,
          task: evaluation.task ?? "classification",
          positive: evaluation.positive ?? null,
          answer: evaluation.answer ?? null,
          digest: evaluation.digest ?? null,
          maxRows: evaluation.maxRows ?? defaults.evaluation.maxRows,
        }
      : null,
    requirements: raw.python?.requirements ? inProject(raw.python.requirements) : requirements,
    gates,
    release: {
      watchSeconds: release?.watchSeconds ?? tier.watchSeconds,
      warmSeconds: release?.warmSeconds ?? tier.warmSeconds,
      maxErrorRate: release?.maxErrorRate ?? defaults.release.maxErrorRate,
      maxP95Ms: release?.maxP95Ms ?? defaults.release.maxP95Ms,
    },
  };
  return kubernetes
    ? { ...common, runtime: "kubernetes", kubernetes }
    : { ...common, runtime: "local", kubernetes: null };
}

const loopback = "127.0.0.1";

function trackingServerOf(
  { trackingServer }: RawSettings,
  tier: TierDefaults,
  inProject: (file: string) => string,
  kubernetes: KubernetesSettings | null,
  stateDir: string,
): Settings["trackingServer"] {
  const elsewhere = trackingServer?.uri === undefined ? null : new URL(trackingServer.uri);
  const ownHost = kubernetes
    ? `${trackingServerName}.${kubernetes.cluster.namespace}.svc`
    : (trackingServer?.host ?? loopback);
  const host = elsewhere?.hostname ?? ownHost;
  const port = elsewhere
    ? Number(elsewhere.port || (elsewhere.protocol === "https:" ? 443 : 80))
    : (trackingServer?.port ?? tier.trackingPort);
  const wanted = elsewhere ? "none" : (trackingServer?.credentials ?? tier.registryCredentials);
  return {
    uri: trackingServer?.uri?.replace(/\/+$/, "") ?? `http://${reachable(host)}:${port}`,
    managed: elsewhere === null,
    host,
    port,
    caFile: trackingServer?.caFile ? inProject(trackingServer.caFile) : null,
    tokenVariable: trackingServer?.tokenVariable ?? defaults.trackingServer.tokenVariable,
    timeoutSeconds: trackingServer?.timeoutSeconds ?? defaults.trackingServer.timeoutSeconds,
    credentials:
      wanted === "none"
        ? null
        : kubernetes
          ? { secretName: registryCredentialsName }
          : { passwordFile: path.join(stateDir, "secrets", "registry-password") },
  };
}

/** Name of the MLflow server's Service, below the stack's namespace. */
export const trackingServerName = "tracking-server";

/** Secret with what clients of the registry send, by the names of MLflow's variables. */
export const registryCredentialsName = "registry-credentials";

/** Where a server that listens on an address is reached from this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return loopback;
  return host.includes(":") ? `[${host}]` : host;
}

/** `<version>@<digest>` of a model. */
function pinOf(name: string, pin: string): PinnedVersion {
  const at = pin.indexOf("@");
  return { name, version: pin.slice(0, at), digest: pin.slice(at + 1) };
}

/** A bucket of the stack's own: what S3 allows of its name. */
function bucketOf(stack: string): string {
  const allowed = stack.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `tollgate-${allowed}`.slice(0, 63).replace(/-+$/, "");
}

function line({ path, text }: Problem): string {
  return `tollgate:${pathText(path)}: ${text}`;
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
