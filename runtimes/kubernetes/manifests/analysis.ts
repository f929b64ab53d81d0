import { names } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { labelsOf, metadataOf } from "./metadata";
import { containerSecurity, podBasics, resourcesOf, scratch } from "./pods";
import {
  enoughErrors,
  errorCount,
  errorShare,
  onceEnough,
  p95Seconds,
  requestCount,
} from "./queries";
import { pathOfArgument } from "./scorer";

/** Name of the AnalysisTemplate whose Job asks the new version itself. */
export const releaseCheck = "release-check";
/** Name of the AnalysisTemplate that asks Prometheus what callers get. */
export const liveMetrics = "live-metrics";

/** Longest that the Job waits for the new version to answer, in seconds. */
const readySeconds = 30;
/** More requests than the Job makes. */
const jobRequests = 600;
/** For its image and its start, in seconds. */
const jobStartSeconds = 120;
/** How long a finished Job's log can be read, in seconds. */
const keptSeconds = 3600;
/** Times that Prometheus is asked while a version is watched. */
const measurements = 6;
/** How far back the old version is looked at. */
const before = "10m";
/** By what factor the share of errors may rise against the old version. */
const errorFactor = 1.5;
/** By how much the P95 may rise against the old version, in seconds. */
const p95Rise = 0.1;

/** Templates of Argo's analyses. */
export function analysisManifests(settings: ClusterSettings): Manifest[] {
  const { prometheus } = settings.kubernetes;
  return [
    releaseCheckTemplate(settings),
    ...(prometheus === null ? [] : [liveMetricsTemplate(settings, prometheus)]),
  ];
}

/** Blue-green, before callers get the version: asked through the preview Service. */
export function prePromotionAnalysis() {
  return { templates: [{ templateName: releaseCheck }], args: pinned, ...asArgoWritesIt };
}

/**
 * Blue-green, once callers get it: asked again beside their requests, and watched by Prometheus. Null where a release isn't
 * watched.
 */
export function postPromotionAnalysis(settings: ClusterSettings) {
  return settings.release.watchSeconds > 0 ? stepAnalysis(settings) : null;
}

/** Canary, at each share of the scorers. */
export function stepAnalysis({ release, kubernetes }: ClusterSettings) {
  if (kubernetes.prometheus === null || release.watchSeconds === 0) {
    return prePromotionAnalysis();
  }
  return {
    templates: [{ templateName: releaseCheck }, { templateName: liveMetrics }],
    args: [
      ...pinned,
      { name: "new", valueFrom: { podTemplateHashValue: "Latest" } },
      { name: "old", valueFrom: { podTemplateHashValue: "Stable" } },
    ],
    ...asArgoWritesIt,
  };
}

/**
 * Argo's controller adds this when it writes the Rollout, and owns what it has added: a strategy could then not be taken
 * away for another, for Argo's part of it would stay.
 */
const asArgoWritesIt = { analysisRunMetadata: {} };

/** What the pods say they are started for. */
const pinned = (["version", "digest"] as const).map((name) => ({
  name,
  valueFrom: { fieldRef: { fieldPath: pathOfArgument(`--${name}`) } },
}));

function releaseCheckTemplate(settings: ClusterSettings): Manifest {
  return template(settings, releaseCheck, {
    args: [{ name: "version" }, { name: "digest" }],
    metrics: [{ name: releaseCheck, provider: { job: job(settings) } }],
  });
}

function job(settings: ClusterSettings) {
  const { model, scorer, release, kubernetes } = settings;
  const labels = labelsOf(settings, releaseCheck);
  const url = `http://${names.preview}:${scorer.port}`;
  return {
    metadata: { labels },
    spec: {
      // It has measured, or couldn't: asking once more would only hide it.
      backoffLimit: 0,
      activeDeadlineSeconds:
        jobStartSeconds + readySeconds + Math.ceil((jobRequests * release.maxP95Ms) / 1000),
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          ...podBasics(settings, names.scorer),
          containers: [
            {
              name: releaseCheck,
              image: kubernetes.images.tollgate,
              command: ["python", "-m", "tollgate_serving.cluster.release_check"],
              args: [
                ...["--url", url, "--model", model],
                ...["--version", "{{args.version}}", "--digest", "{{args.digest}}"],
                ...["--max-p95-ms", String(release.maxP95Ms)],
                ...["--max-error-rate", String(release.maxErrorRate)],
                ...["--timeout-seconds", String(readySeconds)],
              ],
              env: [{ name: "HOME", value: "/tmp" }],
              // As much as a scorer: one that is slow itself would find the version slow.
              resources: resourcesOf(settings, kubernetes.resources.scorer),
              securityContext: containerSecurity,
              volumeMounts: [scratch.mount],
            },
          ],
          volumes: [scratch.volume],
        },
      },
    },
  };
}

/**
 * Limits of the release, and against the old version: the share of errors at most half as much again, the P95 at most
 * 100 ms more. A measurement with too few requests is inconclusive, and neither passes nor fails the version; the Job has
 * asked it in any case. A Prometheus that doesn't answer fails it.
 */
function liveMetricsTemplate(settings: ClusterSettings, address: string): Manifest {
  const { release, kubernetes } = settings;
  const { namespace } = kubernetes.cluster;
  const scorersOf = (hash: string) =>
    `namespace="${namespace}",pod=~"${names.scorer}-{{args.${hash}}}-.+"`;
  const now = [scorersOf("new"), "since-start"] as const;
  const then = [scorersOf("old"), before] as const;
  const enough = [requestCount(...now), requestCount(...then)];
  const significant = `scalar(${errorCount(...now)} >= bool ${enoughErrors})`;
  const metric = (name: string, query: string, limit: number) => ({
    name,
    interval: `${Math.max(1, Math.round(release.watchSeconds / (measurements - 1)))}s`,
    count: measurements,
    successCondition: `len(result) > 0 && result[0] <= ${limit}`,
    failureCondition: `len(result) > 0 && result[0] > ${limit}`,
    failureLimit: 0,
    inconclusiveLimit: measurements,
    provider: { prometheus: { address, query } },
  });
  return template(settings, liveMetrics, {
    args: [{ name: "new" }, { name: "old" }],
    metrics: [
      metric("error-share", onceEnough(errorShare(...now), enough[0]!), release.maxErrorRate),
      metric("p95-seconds", onceEnough(p95Seconds(...now), enough[0]!), release.maxP95Ms / 1000),
      metric(
        "error-share-above-old",
        onceEnough(
          `(${errorShare(...now)} - ${errorFactor} * (${errorShare(...then)})) * ${significant}`,
          ...enough,
        ),
        0,
      ),
      metric(
        "p95-seconds-above-old",
        onceEnough(`${p95Seconds(...now)} - ${p95Seconds(...then)}`, ...enough),
        p95Rise,
      ),
    ],
  });
}

function template(settings: ClusterSettings, name: string, spec: object): Manifest {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AnalysisTemplate",
    metadata: metadataOf(settings, name),
    spec,
  };
}
