import { names, scorerLabels } from "../names";
import { postPromotionAnalysis, prePromotionAnalysis, stepAnalysis } from "./analysis";
import { inferenceService } from "./kserve";
import type { ClusterSettings } from "../../../config/settings";
import { type Manifest, prefix } from "./manifest";
import { generationOf, scorerTemplate, type Served, templateOf } from "./scorer";

/** Names what keeps the scorers running, as `scaleTargetRef` of an autoscaler does. */
export interface WorkloadRef {
  readonly apiVersion: string;
  readonly kind: "Deployment" | "Rollout" | "InferenceService";
  readonly name: string;
}

/** Seconds a scorer must stay ready before it counts: one that crashes on its first requests shows by then. */
const minReadySeconds = 2;
/** For being scheduled and for its image, beside the start itself, in seconds. */
const placementSeconds = 60;
/** Until every machine has taken in that `scorer-preview` is now the canary, in seconds: the check must not meet the old version. */
const settlingSeconds = 3;
/**
 * Seconds that scorers of an aborted blue-green release stay. As few as can be: while they stay, Argo takes whoever asks
 * for them again for a rollback, skips its analyses, and promotes what it has just refused.
 */
const abortedSeconds = 1;

/**
 * One object of its own for each generation, beside the old one, or the one Rollout, which Argo takes from generation to
 * generation. KServe keeps the first of the two ways, for it has no way to check a version before callers get it.
 */
export function workloadRefOf(settings: ClusterSettings, served: Served): WorkloadRef {
  const { modelFrom, rollout } = settings.kubernetes;
  const own = `${names.scorer}-${generationOf(settings, served)}`;
  if (modelFrom === "kserve") {
    return { apiVersion: "serving.kserve.io/v1beta1", kind: "InferenceService", name: own };
  }
  return rollout === "deployment"
    ? { apiVersion: "apps/v1", kind: "Deployment", name: own }
    : { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: names.scorer };
}

/** Does Argo Rollouts move traffic? */
export function movedByArgo({ kubernetes: { modelFrom, rollout } }: ClusterSettings): boolean {
  return modelFrom !== "kserve" && rollout !== "deployment";
}

/** Whatever keeps the scorers of the version running. */
export function workloadManifests(settings: ClusterSettings, served: Served): Manifest[] {
  const { kind } = workloadRefOf(settings, served);
  if (kind === "InferenceService") {
    return [inferenceService(settings, served, metadata(settings, served))];
  }
  return [kind === "Deployment" ? deployment(settings, served) : rollout(settings, served)];
}

function deployment(settings: ClusterSettings, served: Served): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(settings, served),
    spec: {
      ...common(settings, served),
      selector: { matchLabels: scorerLabels(generationOf(settings, served)) },
      // Only for what changes no generation, such as a restart by hand: never fewer scorers than asked for.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
    },
  };
}

function rollout(settings: ClusterSettings, served: Served): Manifest {
  const blueGreen = settings.kubernetes.rollout === "blueGreen";
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: metadata(settings, served),
    spec: {
      ...common(settings, served),
      // Of every generation: a Rollout's selector can't be changed.
      selector: { matchLabels: scorerLabels() },
      // A version that never gets ready is given up, and the old one stays.
      progressDeadlineAbort: true,
      strategy: blueGreen
        ? { blueGreen: blueGreenStrategy(settings) }
        : { canary: canaryStrategy(settings) },
    },
  };
}

/** What Deployments and Rollouts have in common. */
function common(settings: ClusterSettings, served: Served) {
  const { scorer, kubernetes } = settings;
  const { startTimeoutSeconds, replicas } = scorer;
  return {
    // Left to the autoscaler, which goes no lower than this either.
    ...(kubernetes.autoscale === null && { replicas }),
    minReadySeconds,
    progressDeadlineSeconds: Math.ceil(startTimeoutSeconds) + placementSeconds,
    revisionHistoryLimit: 3,
    template: scorerTemplate(settings, served),
  };
}

function metadata(settings: ClusterSettings, served: Served) {
  const { labels } = scorerTemplate(settings, served).metadata;
  return {
    name: workloadRefOf(settings, served).name,
    namespace: settings.kubernetes.cluster.namespace,
    labels,
    annotations: {
      // The release waits for the pods, and can say what is wrong with them.
      "pulumi.com/skipAwait": "true",
      [`${prefix}/digest`]: served.digest,
      // The same value is in the template: `kubectl rollout undo` brings an older template, and they differ.
      [`${prefix}/template`]: templateOf(settings, served),
    },
  };
}

function blueGreenStrategy(settings: ClusterSettings) {
  const post = postPromotionAnalysis(settings);
  return {
    activeService: names.scorer,
    previewService: names.preview,
    autoPromotionEnabled: true,
    prePromotionAnalysis: prePromotionAnalysis(),
    ...(post && { postPromotionAnalysis: post }),
    scaleDownDelaySeconds: Math.ceil(settings.release.warmSeconds),
    abortScaleDownDelaySeconds: abortedSeconds,
  };
}

/**
 * Without a traffic router the share of requests is the share of scorers: Service `scorer` selects both versions, and
 * nothing moves its selector. The canary alone is asked through `scorer-preview`.
 */
function canaryStrategy(settings: ClusterSettings) {
  return {
    canaryService: names.preview,
    maxUnavailable: 0,
    maxSurge: "25%",
    steps: canaryWeights(settings).flatMap((setWeight) => [
      { setWeight },
      { pause: { duration: settlingSeconds } },
      { analysis: stepAnalysis(settings) },
    ]),
  };
}

/** One scorer beside another is half of them, and Argo would start none for less. */
function canaryWeights({ scorer, kubernetes }: ClusterSettings): readonly number[] {
  const single = scorer.replicas === 1;
  return single ? [50] : kubernetes.canarySteps;
}
