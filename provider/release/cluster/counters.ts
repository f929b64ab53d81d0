import type { Cluster, Tunnel } from "../../../cluster/cluster";
import type { LatencyBucket } from "../../envoy/admin";
import { ask, ScorerChanged } from "../scorer";
import type { Tally, WatchSource } from "../watch";
import { isReady, type Pod } from "../../../cluster/pods";
import { podsOf, restartsOf } from "./pods";

const timeoutMs = 5000;
/** Routes whose answers are callers' answers; probes and metrics are not. */
const scoringRoutes = ["/predict", "/invocations"];

/** Stands for the bucket without a bound: a request that took this long is answered by nobody. */
const longestMs = 60_000;

/** A release's pod and the way to it. */
export interface WatchedPod {
  readonly name: string;
  readonly tunnel: Tunnel;
  /** Restarts when the watch began: one more means that it crashed. */
  readonly restarts: number;
}

/** Opens a way to each pod. Close them all when done. */
export async function openTunnels(
  cluster: Cluster,
  pods: readonly Pod[],
  port: number,
): Promise<WatchedPod[]> {
  const opened: WatchedPod[] = [];
  try {
    for (const pod of pods) {
      const tunnel = await cluster.tunnel({ pod: pod.metadata.name }, port);
      opened.push({ name: pod.metadata.name, tunnel, restarts: restartsOf(pod) });
    }
    return opened;
  } catch (error) {
    await closeTunnels(opened);
    throw error;
  }
}

export async function closeTunnels(pods: readonly WatchedPod[]): Promise<void> {
  await Promise.all(pods.map(({ tunnel }) => tunnel.close()));
}

/** Counts what callers get by the pods' own metrics, and looks whether each still is what it was. */
export function podsSource(
  cluster: Cluster,
  pods: readonly WatchedPod[],
  labels: Readonly<Record<string, string>>,
): WatchSource {
  return {
    async counters() {
      const all = await scrape(pods);
      return all.map(countersIn).reduce(added, { requests: 0, errors: 0, doubtful: 0 });
    },
    async latency() {
      const all = await scrape(pods);
      return all.map(bucketsIn).reduce(addedBuckets, []);
    },
    inspect: () => inspectPods(cluster, pods, labels),
  };
}

/**
 * Looks whether pods are what they were.
 *
 * @throws ScorerChanged
 */
export async function inspectPods(
  cluster: Cluster,
  watched: readonly WatchedPod[],
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const found = new Map((await podsOf(cluster, labels)).map((pod) => [pod.metadata.name, pod]));
  for (const { name, restarts } of watched) {
    const pod = found.get(name);
    if (!pod) throw new ScorerChanged(`its pod ${name} is gone`, true);
    const changed =
      restartsOf(pod) > restarts
        ? "ended and was started again"
        : isReady(pod)
          ? null
          : "is not ready any more";
    if (changed) throw new ScorerChanged(`its pod ${name} ${changed}`, false);
  }
}

/** A pod that doesn't answer counts nothing; the watch's own requests and `inspect` tell of it. */
async function scrape(pods: readonly WatchedPod[]): Promise<Sample[][]> {
  const texts = await Promise.all(
    pods.map(({ tunnel }) =>
      ask(`${tunnel.url}/metrics`, { timeoutMs }).then(
        ({ status, text }) => (status === 200 ? text : ""),
        () => "",
      ),
    ),
  );
  return texts.map(samplesIn);
}

/** One line of Prometheus' text format. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The scorer's own metrics in a text: its labels hold no escaped quotes, so a plain pattern reads them. */
export function samplesIn(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const match = /^(tollgate_scorer_\w+)\{([^}]*)\} (\S+)/.exec(line);
    if (!match) continue;
    const labels = [...match[2]!.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [
      key,
      value,
    ]);
    samples.push({
      name: match[1]!,
      labels: Object.fromEntries(labels) as Record<string, string>,
      value: Number(match[3]),
    });
  }
  return samples;
}

/**
 * Errors are answers of 5xx other than 500: with that a scorer says that the model failed on what a caller sent, and no
 * version before is asked the same here. Callers could otherwise put back every release, so it is doubtful whose fault it is.
 */
export function countersIn(samples: readonly Sample[]): Required<Tally> {
  const answers = samples.filter(
    ({ name, labels }) =>
      name === "tollgate_scorer_requests_total" && scoringRoutes.includes(labels["route"] ?? ""),
  );
  const sum = (some: readonly Sample[]) => some.reduce((total, { value }) => total + value, 0);
  const failed = answers.filter(({ labels }) => labels["code"]?.startsWith("5"));
  const doubtful = failed.filter(({ labels }) => labels["code"] === "500");
  return {
    requests: sum(answers),
    errors: sum(failed) - sum(doubtful),
    doubtful: sum(doubtful),
  };
}

/** Buckets as the router has them: each counts what is above the one before. */
export function bucketsIn(samples: readonly Sample[]): LatencyBucket[] {
  const cumulative = new Map<number, number>();
  for (const { name, labels, value } of samples) {
    if (name !== "tollgate_scorer_request_seconds_bucket") continue;
    if (!scoringRoutes.includes(labels["route"] ?? "")) continue;
    const upTo = labels["le"] === "+Inf" ? longestMs : Number(labels["le"]) * 1000;
    cumulative.set(upTo, (cumulative.get(upTo) ?? 0) + value);
  }
  const bounds = [...cumulative.keys()].sort((a, b) => a - b);
  return bounds.map((upToMs, index) => ({
    upToMs,
    count: cumulative.get(upToMs)! - (index > 0 ? cumulative.get(bounds[index - 1]!)! : 0),
  }));
}

function added(a: Required<Tally>, b: Required<Tally>): Required<Tally> {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    doubtful: a.doubtful + b.doubtful,
  };
}

function addedBuckets(a: readonly LatencyBucket[], b: readonly LatencyBucket[]): LatencyBucket[] {
  const counts = new Map(a.map(({ upToMs, count }) => [upToMs, count]));
  for (const { upToMs, count } of b) counts.set(upToMs, (counts.get(upToMs) ?? 0) + count);
  return [...counts]
    .map(([upToMs, count]) => ({ upToMs, count }))
    .sort((x, y) => x.upToMs - y.upToMs);
}
