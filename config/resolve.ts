import path from "node:path";
import type { PinnedVersion } from "../policies/gate";
import {
  type GateDefaults,
  gatesSchema,
  resolveGateConfigurations,
} from "../policies/configurations";
import { SettingsError } from "./errors";
import { parseInWords, pathText, type Problem } from "./problems";
import { type RawSettings, settingsSchema } from "./schema";
import type { Settings } from "./settings";
import { type TierDefaults, tiers } from "./tiers";

/** What a stack's settings are resolved in: facts that are not written in its file. */
export interface Surroundings {
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
  surroundings: Surroundings,
): Settings {
  const where = `Pulumi.${surroundings.stack}.yaml`;
  const parsed = parseInWords(stackSchema, raw);
  const tier: TierDefaults | undefined = Object.hasOwn(tiers, String(raw["tier"]))
    ? tiers[raw["tier"] as keyof typeof tiers]
    : undefined;
  const problems = parsed.problems ?? [];

  // As written, because parsing fills in a gate's own defaults, which would look like the stack's.
  const input = raw["gates"] as Record<string, unknown> | undefined;
  const readable = tier && !problems.some(({ path: [key] }) => key === "gates");
  const gates = readable ? resolveGateConfigurations(input, gateDefaults(tier)) : undefined;
  problems.push(
    ...(gates?.problems ?? []).map(({ path, text }) => ({ path: ["gates", ...path], text })),
  );
  if (parsed.data && tier) problems.push(...contradictions(parsed.data, tier));
  if (problems.length > 0 || !parsed.data || !tier || !gates) {
    throw SettingsError.of(where, problems.map(line));
  }
  return frozen(settingsOf(parsed.data as RawSettings, tier, gates.configurations, surroundings));
}

/** What a tier gives to the gates; a gate it has no limits for is off. */
export function gateDefaults(tier: TierDefaults): GateDefaults {
  const floors = tier.floors;
  return {
    level: tier.gateLevel,
    levels: {
      "evidence-signed": tier.signatureLevel,
      "pack-recorded": tier.signatureLevel,
      "lowering-reviewed": tier.signatureLevel,
    },
    settings: {
      slices: null,
      fairness: null,
      robustness: null,
      calibration: null,
      "data-quality": null,
      "data-drift": null,
      "prediction-drift": null,
      size: null,
      soak: null,
      window: null,
      "metric-floor": Object.keys(floors).length > 0 ? { floors } : null,
      latency: tier.latencyP95Ms === undefined ? null : { p95Ms: tier.latencyP95Ms },
      approvals: { required: tier.approvals },
    },
  };
}

function settingsOf(
  raw: RawSettings,
  tier: TierDefaults,
  gates: Settings["gates"],
  { stack, projectDir, requirements }: Surroundings,
): Settings {
  const inProject = (file: string) => path.resolve(projectDir, file);
  const { scorer, train, evaluation, release } = raw;
  return {
    stack,
    projectDir,
    stateDir: path.join(projectDir, ".tollgate", stack),
    tier: raw.tier,
    model: raw.model,
    pin: raw.pin === undefined ? null : pinOf(raw.model, raw.pin),
    pack: raw.pack ?? null,
    signers: inProject(raw.signers ?? `signers/${stack}.allowed_signers`),
    revokedKeys: inProject(raw.revokedKeys ?? "signers/revoked_keys"),
    runtime: raw.runtime ?? "local",
    experiment: (raw.experiment ?? raw.model) + (raw.experimentSuffix ?? tier.experimentSuffix),
    stage: raw.stage ?? tier.stage,
    alias: raw.alias ?? tier.alias,
    trackingServer: trackingServerOf(raw, tier, inProject),
    database: { kind: raw.database?.kind ?? tier.database },
    artifactStore: {
      kind: raw.artifactStore?.kind ?? tier.artifactStore,
      bucket: raw.artifactStore?.bucket ?? bucketOf(stack),
    },
    scorer: {
      host: scorer?.host ?? loopback,
      port: scorer?.port ?? tier.scorerPort,
      replicas: scorer?.replicas ?? tier.replicas,
      logLevel: scorer?.logLevel ?? tier.logLevel,
      startTimeoutSeconds: scorer?.startTimeoutSeconds ?? 60,
      captureRows: scorer?.captureRows ?? 0,
    },
    train: train
      ? {
          command: train.command,
          data: train.data,
          dataVersion: train.dataVersion ?? null,
          parameters: Object.fromEntries(
            Object.entries(train.parameters ?? {}).map(([name, value]) => [name, String(value)]),
          ),
          timeoutSeconds: train.timeoutSeconds ?? 3600,
        }
      : null,
    evaluation: evaluation
      ? {
          ...evaluation,
          task: evaluation.task ?? "classification",
          digest: evaluation.digest ?? null,
          maxRows: evaluation.maxRows ?? 200_000,
        }
      : null,
    requirements: raw.python?.requirements ? inProject(raw.python.requirements) : requirements,
    gates,
    release: {
      watchSeconds: release?.watchSeconds ?? tier.watchSeconds,
      warmSeconds: release?.warmSeconds ?? tier.warmSeconds,
      maxErrorRate: release?.maxErrorRate ?? 0.01,
      maxP95Ms: release?.maxP95Ms ?? 200,
    },
  };
}

const loopback = "127.0.0.1";

function trackingServerOf(
  { trackingServer }: RawSettings,
  tier: TierDefaults,
  inProject: (file: string) => string,
): Settings["trackingServer"] {
  const elsewhere = trackingServer?.uri === undefined ? null : new URL(trackingServer.uri);
  const host = elsewhere?.hostname ?? trackingServer?.host ?? loopback;
  const port = elsewhere
    ? Number(elsewhere.port || (elsewhere.protocol === "https:" ? 443 : 80))
    : (trackingServer?.port ?? tier.trackingPort);
  return {
    uri: trackingServer?.uri?.replace(/\/+$/, "") ?? `http://${reachable(host)}:${port}`,
    managed: elsewhere === null,
    host,
    port,
    caFile: trackingServer?.caFile ? inProject(trackingServer.caFile) : null,
    tokenVariable: trackingServer?.tokenVariable ?? "MLFLOW_TRACKING_TOKEN",
    timeoutSeconds: trackingServer?.timeoutSeconds ?? 5,
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
function contradictions(
  { trackingServer, scorer }: Pick<RawSettings, "trackingServer" | "scorer">,
  tier: TierDefaults,
): Problem[] {
  const problems: Problem[] = [];
  if (trackingServer?.uri !== undefined) {
    for (const key of ["host", "port"] as const) {
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
