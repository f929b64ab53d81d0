import path from "node:path";
import type { PinnedVersion, Tier } from "../policies/gate";
import { gateDefaults, gatesSchema, resolveGateConfigurations } from "../policies/configurations";
import { defaults, signersFile } from "./defaults";
import { SettingsError } from "../project/errors";
import { asLabel } from "./names";
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

/** What each container asks for where the stack says nothing; measured, see docs/kubernetes.md. */
const defaultResources: KubernetesSettings["resources"] = {
  scorer: { cpu: "500m", memory: "512Mi" },
  trackingServer: { cpu: "500m", memory: "1Gi" },
  database: { cpu: "250m", memory: "256Mi" },
  artifactStore: { cpu: "250m", memory: "256Mi" },
};

function kubernetesOf(
  raw: RawSettings,
  tier: TierDefaults,
  stack: string,
  inProject: (file: string) => string,
): KubernetesSettings | null {
  const written = raw.kubernetes;
  if (raw.runtime !== "kubernetes" || !written) return null;
  const { images, service, ingress, gateway, autoscale, resources } = written;
  const resourcesOf = (part: keyof typeof defaultResources) => ({
    ...defaultResources[part],
    ...resources?.[part],
  });
  return {
    cluster: {
      kubeconfig: written.kubeconfig ? inProject(written.kubeconfig) : null,
      context: written.context ?? null,
      namespace: written.namespace ?? asLabel(`${raw.model}-${stack}`),
    },
    createNamespace: written.createNamespace ?? defaults.kubernetes.createNamespace,
    images: {
      tollgate: images.tollgate,
      postgres: images.postgres ?? null,
      seaweedfs: images.seaweedfs ?? null,
    },
    imagePullSecrets: written.imagePullSecrets ?? [],
    rollout: written.rollout ?? defaults.kubernetes.rollout,
    canarySteps: written.canarySteps ?? [...defaults.kubernetes.canarySteps],
    modelFrom: written.modelFrom ?? defaults.kubernetes.modelFrom,
    modelImage: written.modelImage ?? null,
    service: {
      type: service?.type ?? defaults.kubernetes.serviceType,
      nodePort: service?.nodePort ?? null,
    },
    ingress: ingress
      ? {
          host: ingress.host,
          className: ingress.className ?? null,
          tlsSecret: ingress.tlsSecret ?? null,
        }
      : null,
    gateway: gateway
      ? { host: gateway.host, name: gateway.name, namespace: gateway.namespace ?? null }
      : null,
    resourceLevel: tier.resourceLevel,
    resources: {
      scorer: resourcesOf("scorer"),
      trackingServer: resourcesOf("trackingServer"),
      database: resourcesOf("database"),
      artifactStore: resourcesOf("artifactStore"),
    },
    autoscale: autoscale
      ? {
          maxReplicas: autoscale.maxReplicas,
          cpuPercent: autoscale.requestsPerSecond
            ? null
            : (autoscale.cpuPercent ?? defaults.kubernetes.cpuPercent),
          requestsPerSecond: autoscale.requestsPerSecond ?? null,
        }
      : null,
    monitoring: written.monitoring ?? defaults.kubernetes.monitoring,
    prometheus: written.prometheus?.replace(/\/+$/, "") ?? null,
    storageClass: written.storageClass ?? null,
    priorityClass: written.priorityClass ?? null,
  };
}

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

/** Settings that are right one by one but not together. */
function contradictions(raw: RawSettings, tier: TierDefaults): Problem[] {
  const { trackingServer, scorer } = raw;
  const problems = clusterContradictions(raw, tier);
  if (trackingServer?.uri !== undefined) {
    for (const key of ["host", "port", "credentials"] as const) {
      if (trackingServer[key] === undefined) continue;
      problems.push({
        path: ["trackingServer", key],
        text: `got ${JSON.stringify(trackingServer[key])}, expected nothing beside trackingServer.uri, whose server is kept elsewhere`,
      });
    }
    return problems;
  }
  const port = scorer?.port ?? tier.scorerPort;
  if (port === (trackingServer?.port ?? tier.trackingPort)) {
    const text = `got ${port}, expected another port than the tracking server's`;
    problems.push({ path: ["scorer", "port"], text });
  }
  return problems;
}

/** What a cluster needs that this machine doesn't, and the other way round. */
function clusterContradictions(raw: RawSettings, tier: TierDefaults): Problem[] {
  const problems: Problem[] = [];
  const expect = (path: string[], wrong: boolean, text: string) => {
    if (wrong) problems.push({ path, text });
  };
  if (raw.runtime !== "kubernetes") {
    for (const key of ["database", "artifactStore"] as const) {
      const got = raw[key]?.secret;
      const text = `got ${JSON.stringify(got)}, expected nothing, for runtime ${raw.runtime ?? defaults.runtime} keeps its own`;
      expect([key, "secret"], got !== undefined, text);
    }
    return problems;
  }
  const { kubernetes, database, artifactStore, trackingServer, scorer } = raw;
  const managed = trackingServer?.uri === undefined;
  const missing = "got nothing, expected an image by digest";
  expect(["kubernetes"], !kubernetes, "got nothing, expected at least kubernetes.images.tollgate");
  const postgres = managed && !database?.secret && (database?.kind ?? tier.database) === "postgres";
  expect(
    ["kubernetes", "images", "postgres"],
    !!kubernetes && postgres && !kubernetes.images.postgres,
    `${missing}, or a database kept elsewhere (tollgate:database.secret)`,
  );
  const s3 =
    managed && !artifactStore?.secret && (artifactStore?.kind ?? tier.artifactStore) === "s3";
  expect(
    ["kubernetes", "images", "seaweedfs"],
    !!kubernetes && s3 && !kubernetes.images.seaweedfs,
    `${missing}, or a store kept elsewhere (tollgate:artifactStore.secret)`,
  );
  expect(
    ["kubernetes", "modelImage"],
    kubernetes?.modelFrom === "image" && !kubernetes.modelImage,
    `${missing}, for modelFrom is "image"`,
  );
  expect(
    ["kubernetes", "rollout"],
    kubernetes?.modelFrom === "kserve" &&
      (kubernetes.rollout ?? defaults.kubernetes.rollout) !== "deployment",
    `got ${JSON.stringify(kubernetes?.rollout)}, expected "deployment": Argo Rollouts can't move what KServe serves`,
  );
  expect(
    ["kubernetes", "autoscale", "requestsPerSecond"],
    kubernetes?.modelFrom === "kserve" && kubernetes.autoscale?.requestsPerSecond !== undefined,
    `got ${kubernetes?.autoscale?.requestsPerSecond}, expected cpuPercent: KServe scales by nothing else here`,
  );
  expect(
    ["scorer", "memoryMiB"],
    scorer?.memoryMiB !== undefined,
    `got ${scorer?.memoryMiB}, expected nothing: in a cluster tollgate:kubernetes.resources.scorer.memory says it`,
  );
  for (const [key, host] of [
    ["trackingServer", trackingServer?.host],
    ["scorer", scorer?.host],
  ] as const) {
    expect(
      [key, "host"],
      host !== undefined,
      `got ${JSON.stringify(host)}, expected nothing: in a cluster tollgate:kubernetes.service says who gets in`,
    );
  }
  return problems;
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
