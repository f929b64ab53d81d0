import { createHash } from "node:crypto";
import { labelValue } from "../../../config/names";
import { type ClusterSettings, servesInBatches } from "../../../config/settings";
import { names, ports, scorerLabels } from "../names";
import { scrapeAnnotations } from "./monitoring";
import { prefix, type Text } from "./manifest";
import { labelsOf } from "./metadata";
import { containerSecurity, podBasics, resourcesOf, scratch } from "./pods";
import { registryCa } from "./registry-ca";
import { registrySecretName } from "./registry-credentials";

/** The version that scorers serve. */
export interface Served {
  /** `models:/<name>/<version>`. */
  readonly modelUri: Text;
  readonly version: string;
  readonly digest: string;
  /** Address of the registry, as pods reach it. */
  readonly trackingUri: Text;
}

/** What pods are made from: of a Deployment and of a Rollout alike. */
export interface PodTemplate {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * Seconds between a pod's end being decided and its scorer being told. Meanwhile endpoints, proxies and ingresses take
 * it out, and it still answers.
 */
export const preStopSeconds = 5;
/** For the scorer's own farewell beyond the last answers, in seconds. */
const marginSeconds = 15;

/** Where the version's bytes lie, below the hex digits of their digest. */
const modelsFolder = "/models";
const captureFolder = "/captured";
/** Largest version that pods have room for. A node that has less to give evicts the pod, which says so. */
const modelsLimit = "10Gi";
/** Room for the rows that callers sent. */
const capturedLimit = "1Gi";
/** User, password or token of a registry that is kept elsewhere, by the names of MLflow's variables. */
const credentialsElsewhere = "registry-credentials";

/** First 8 hex digits of what `templateOf` gives: tells releases apart. */
export function generationOf(settings: ClusterSettings, served: Served): string {
  return templateOf(settings, served).slice(0, 8);
}

/**
 * First 16 hex digits of the sha256 of everything that scorers are started with. They read no Secret but the registry's
 * credentials, which each new pod reads when it starts, so that a new password needs no release.
 */
export function templateOf(settings: ClusterSettings, served: Served): string {
  const { model, trackingServer } = settings;
  // Both addresses may be known only later; these are what they will be.
  const modelUri = `models:/${model}/${served.version}`;
  const known = { ...served, modelUri, trackingUri: trackingServer.uri };
  const template = { labels: podLabels(settings, known), spec: podSpec(settings, known, "") };
  const facts = { ...template, annotations: podAnnotations(settings, known) };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

/** The scorer's pods: the same whoever keeps them running. */
export function scorerTemplate(settings: ClusterSettings, served: Served): PodTemplate {
  const template = templateOf(settings, served);
  const generation = generationOf(settings, served);
  return {
    metadata: {
      labels: { ...podLabels(settings, served), ...scorerLabels(generation) },
      annotations: { ...podAnnotations(settings, served), [`${prefix}/template`]: template },
    },
    spec: podSpec(settings, served, generation),
  };
}

/** Name of the container that scores; KServe knows its own by this name. */
export function scorerContainer({ kubernetes: { modelFrom } }: ClusterSettings): string {
  return modelFrom === "kserve" ? "kserve-container" : names.scorer;
}

function podLabels(settings: ClusterSettings, { version }: Served): Record<string, string> {
  return { ...labelsOf(settings, names.scorer), [`${prefix}/version`]: labelValue(version) };
}

function podAnnotations(settings: ClusterSettings, { digest }: Served): Record<string, string> {
  return { [`${prefix}/digest`]: digest, ...scrapeAnnotations(settings) };
}

function podSpec(settings: ClusterSettings, served: Served, generation: string) {
  const { kubernetes, scorer } = settings;
  const fetched = kubernetes.modelFrom !== "image";
  const ca = fetched ? registryCa(settings) : null;
  return {
    ...podBasics(settings, names.scorer),
    ...apart(settings, generation),
    terminationGracePeriodSeconds: preStopSeconds + scorer.answerSeconds + marginSeconds,
    ...(fetched && { initContainers: [fetchContainer(settings, served)] }),
    containers: [scorerContainerOf(settings, served)],
    volumes: [
      scratch.volume,
      ...(fetched ? [{ name: "models", emptyDir: { sizeLimit: modelsLimit } }] : []),
      ...(ca ? [{ name: "registry-ca", configMap: { name: ca.name } }] : []),
      ...(scorer.captureRows > 0
        ? [{ name: "captured", emptyDir: { sizeLimit: capturedLimit } }]
        : []),
    ],
  };
}

/**
 * Keeps the scorers of one generation apart: over zones, then over machines. A cluster that can't still runs them, or a
 * zone that fails would keep its scorers from coming back elsewhere, and a single machine would never run two.
 */
function apart({ kubernetes }: ClusterSettings, generation: string) {
  const labelSelector = { matchLabels: scorerLabels(generation) };
  const topologySpreadConstraints = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map(
    (topologyKey) => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector,
    }),
  );
  if (kubernetes.resourceLevel !== "limits") return { topologySpreadConstraints };
  const podAffinityTerm = { topologyKey: "kubernetes.io/hostname", labelSelector };
  return {
    topologySpreadConstraints,
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
      },
    },
  };
}

/** Downloads the version and checks its bytes before the scorer starts; a restarted scorer finds them there. */
function fetchContainer(settings: ClusterSettings, served: Served) {
  const { kubernetes, trackingServer } = settings;
  const ca = registryCa(settings);
  const own = registrySecretName(settings);
  return {
    name: "fetch",
    image: kubernetes.images.tollgate,
    command: ["python", "-m", "tollgate_serving.fetch"],
    args: [...pinArguments(settings, served), "--cache", modelsFolder],
    env: [
      ...environment,
      { name: "MLFLOW_TRACKING_URI", value: served.trackingUri },
      ...(ca
        ? [{ name: "MLFLOW_TRACKING_SERVER_CERT_PATH", value: `/registry-ca/${ca.key}` }]
        : []),
    ],
    ...(!trackingServer.managed && {
      envFrom: [{ secretRef: { name: credentialsElsewhere, optional: true } }],
    }),
    ...(own !== null && { envFrom: [{ secretRef: { name: own } }] }),
    resources: resourcesOf(settings, kubernetes.resources.scorer),
    securityContext: containerSecurity,
    volumeMounts: [
      scratch.mount,
      { name: "models", mountPath: modelsFolder },
      ...(ca ? [{ name: "registry-ca", mountPath: "/registry-ca", readOnly: true }] : []),
    ],
  };
}

function scorerContainerOf(settings: ClusterSettings, served: Served) {
  const { kubernetes, scorer, stage } = settings;
  const { images, modelFrom, modelImage, resources } = kubernetes;
  const baked = modelFrom === "image";
  const captures = scorer.captureRows > 0;
  return {
    name: scorerContainer(settings),
    image: baked ? modelImage! : images.tollgate,
    command: ["python", "-m", "tollgate_serving.scorer"],
    args: [
      ...pinArguments(settings, served),
      ...["--stage", stage, "--host", "0.0.0.0", "--port", String(ports.scorer)],
      ...["--log-level", scorer.logLevel, "--cache", modelsFolder],
      ...["--answer-seconds", String(scorer.answerSeconds)],
      // The pod has no network of its own choice, no token and a read-only root; the scorer adds what the kernel lets it.
      ...["--sandbox", scorer.sandbox === "off" ? "off" : "pod"],
      ...(servesInBatches(settings) ? [] : ["--no-batching"]),
      ...(captures
        ? ["--capture-rows", String(scorer.captureRows)].concat(
            "--capture-file",
            `${captureFolder}/rows.csv`,
          )
        : []),
    ],
    env: [...environment, ...threads(settings)],
    ports: [{ name: "http", containerPort: ports.scorer, protocol: "TCP" }],
    resources: resourcesOf(settings, resources.scorer),
    securityContext: containerSecurity,
    ...probes(scorer.startTimeoutSeconds),
    lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
    volumeMounts: [
      scratch.mount,
      // What was checked can't be changed by what is loaded from it.
      ...(baked ? [] : [{ name: "models", mountPath: modelsFolder, readOnly: true }]),
      ...(captures ? [{ name: "captured", mountPath: captureFolder }] : []),
    ],
  };
}

/** How the pin is told to both containers, in this order and before everything else. */
const pinFlags = ["--model-uri", "--model", "--version", "--digest"] as const;

/**
 * Where a Rollout holds the version or digest of its pods, for the arguments of Argo's analyses. What is checked is then
 * always what the pods were started for, also when an earlier template is put back by hand.
 */
export function pathOfArgument(flag: (typeof pinFlags)[number]): string {
  return `spec.template.spec.containers[0].args[${2 * pinFlags.indexOf(flag) + 1}]`;
}

function pinArguments({ model }: ClusterSettings, served: Served): Text[] {
  const { modelUri, version, digest } = served;
  const values = [modelUri, model, version, digest];
  return pinFlags.flatMap((flag, index) => [flag, values[index]!]);
}

/** The only place to write to is /tmp. */
const environment = [
  { name: "HOME", value: "/tmp" },
  { name: "MLFLOW_DISABLE_TELEMETRY", value: "true" },
];

/**
 * Numerical libraries start a thread for each processor of the machine, whatever their container may use. Held to half a
 * processor of 64, they would wait for each other most of the time.
 */
function threads({ kubernetes }: ClusterSettings) {
  if (kubernetes.resourceLevel !== "limits") return [];
  // The cluster rounds the limit up to whole processors.
  const limit = { resourceFieldRef: { resource: "limits.cpu" } };
  return [{ name: "OMP_NUM_THREADS", valueFrom: limit }];
}

/**
 * @param startTimeoutSeconds a scorer that isn't ready by then is restarted
 */
function probes(startTimeoutSeconds: number) {
  const get = (path: string) => ({ httpGet: { path, port: ports.scorer } });
  return {
    // Each second, because a release waits for it.
    startupProbe: {
      ...get("/ready"),
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: Math.max(1, Math.ceil(startTimeoutSeconds)),
    },
    readinessProbe: { ...get("/ready"), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
    // Slower and more patient: a scorer under load must not be restarted for it.
    livenessProbe: { ...get("/health"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}
