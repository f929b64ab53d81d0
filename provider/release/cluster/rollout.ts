import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { isReady, type Pod } from "../../../cluster/pods";
import { type List, type ReplicaSet, type Rollout, workloadPath } from "./objects";
import { podsOf, sentencePart } from "./pods";
import { hashLabel } from "./selectors";
import { failWhenFinal, whyNot } from "./workload";
import { pause } from "../cancellation";

const pauseMs = 500;
/** What analyses may take beyond the start of the pods, in seconds: a stuck controller must not hold `up` for ever. */
const analysisSeconds = 600;
/**
 * Argo takes a new template in within a second. When a controller has crashed, the next waits for its lease of 15 s to run
 * out and reads all Rollouts first, which takes longer on a busy node.
 */
const unseenSeconds = 60;
const templateAnnotation = "tollgate.dev/template";
/** On a Rollout that we have paused. */
const held = "tollgate.dev/held";
/** When an aborted release was tried again. */
const attempt = "tollgate.dev/attempt";

/** Argo Rollouts has ended a release, by itself or because a person told it to, and takes the traffic back. */
export class EndedByArgo extends Error {
  /** @param abortedAt when Argo says that it aborted; null when it gave the release up otherwise */
  constructor(
    message: string,
    readonly abortedAt: string | null,
  ) {
    super(message);
  }
}

/** What is known of attempts at a release before this one. */
export interface EarlierAttempt {
  /** Was one cut off, so that nobody saw how it ended? */
  readonly cutOff: boolean;
  /** When the last one that Argo ended was aborted; null when none was. */
  readonly abortedAt: string | null;
}

/** The Rollout of Argo that serves every version. */
export class ScorerRollout {
  private readonly path: string;

  constructor(
    private readonly cluster: Cluster,
    readonly name: string,
  ) {
    this.path = workloadPath(cluster.address, "Rollout", name);
  }

  get(): Promise<Rollout> {
    return this.cluster.request<Rollout>("GET", this.path);
  }

  /**
   * Waits until Argo has moved all traffic to a release. When an earlier attempt at it stands aborted it is tried again; an
   * abort that is there at the first look and isn't of that attempt is somebody's who was faster, and it counts.
   *
   * @throws EndedByArgo one clause: Argo's own message, with the reason of a pod when one is known
   * @throws Error one clause, when a pod won't come up or the time is up
   */
  async settled(
    inputs: ClusterReleaseInputs,
    earlier: EarlierAttempt,
    signal: AbortSignal,
  ): Promise<readonly Pod[]> {
    const seconds = inputs.startTimeoutSeconds + analysisSeconds;
    const patience = Math.min(unseenSeconds, seconds);
    const started = Date.now();
    let asked = started;
    let first = true;
    for (;;) {
      signal.throwIfAborted();
      const rollout = await this.get();
      if (!isSeen(rollout)) {
        if (Date.now() - asked > patience * 1000) {
          throw new Error(
            `Argo Rollouts has not looked at Rollout ${this.name} for ${patience} s; see that its controller runs`,
          );
        }
      } else if (first && stillAborted(rollout, earlier)) {
        first = false;
        asked = Date.now();
        await this.tryAgain(rollout);
      } else {
        first = false;
        const pods = await podsOf(this.cluster, inputs.selector);
        const ready = pods.filter(isReady);
        const outcome = outcomeOf(rollout);
        if (outcome === "done" && ready.length >= inputs.replicas) return ready;
        if (outcome === "failed") {
          const { abortedAt } = rollout.status ?? {};
          throw new EndedByArgo(await this.whyFailed(rollout, pods), abortedAt ?? null);
        }
        if (outcome === "unjudged") {
          throw new Error(
            "Argo Rollouts sent all callers to it although an analysis of it had failed",
          );
        }
        await failWhenFinal(this.cluster, pods);
        if (Date.now() - started > seconds * 1000) {
          const { message, phase } = rollout.status ?? {};
          throw new Error(
            `Argo Rollouts has not finished after ${seconds} s (${sentencePart(message ?? phase)})${await whyNot(this.cluster, pods)}`,
          );
        }
      }
      await pause(pauseMs, signal);
    }
  }

  /**
   * Keeps Argo from moving the Service, and its pods as they are: otherwise it would take back what we move. A controller
   * that doesn't take that in is down, and meets the pause when it is back: Argo must be left where it is broken, too.
   */
  async hold(signal: AbortSignal, patienceSeconds = unseenSeconds): Promise<void> {
    if (!(await this.cluster.find(this.path))) return;
    await this.pause(true);
    const deadline = Date.now() + patienceSeconds * 1000;
    while (Date.now() < deadline && !isSeen(await this.get())) {
      await pause(pauseMs, signal);
    }
  }

  /** Lets Argo go on after `hold`. A Rollout that others have paused stays so. */
  async letGo(): Promise<void> {
    const rollout = await this.cluster.find<Rollout>(this.path);
    if (rollout?.metadata.annotations?.[held]) await this.pause(false);
  }

  private async pause(paused: boolean): Promise<void> {
    await this.cluster.request("PATCH", `${this.path}?fieldManager=tollgate-release`, {
      contentType: "application/merge-patch+json",
      body: {
        metadata: { annotations: { [held]: paused ? "true" : null } },
        spec: { paused: paused || null },
      },
    });
  }

  /** Is Argo done with exactly this release, and nothing else under way? */
  async runs({ template }: ClusterReleaseInputs): Promise<boolean> {
    const rollout = await this.cluster.find<Rollout>(this.path);
    if (!rollout || isMoving(rollout) || outcomeOf(rollout) !== "done") return false;
    return rollout.spec.template.metadata?.annotations?.[templateAnnotation] === template;
  }

  /** What the pods with Argo's hash serve; null when nobody knows them any more. */
  async servedBy(hash: string): Promise<{ version: string | null; digest: string | null } | null> {
    const found = (await this.replicaSets(await this.get())).find(
      ({ metadata }) => metadata.labels?.[hashLabel] === hash,
    );
    if (!found) return null;
    const { labels, annotations } = found.spec.template.metadata ?? {};
    return {
      version: labels?.["tollgate.dev/version"] ?? null,
      digest: annotations?.["tollgate.dev/digest"] ?? null,
    };
  }

  /** The pods that took the traffic before a release: Argo's hash of them. Null when there are none. */
  async stableBefore(rollout: Rollout): Promise<string | null> {
    const { stableRS, currentPodHash } = rollout.status ?? {};
    if (isSeen(rollout) && stableRS && stableRS !== currentPodHash) return stableRS;
    const older = (await this.replicaSets(rollout))
      .filter(({ metadata }) => metadata.labels?.[hashLabel] !== currentPodHash)
      .sort((a, b) => revisionOf(b) - revisionOf(a));
    return isSeen(rollout) ? (older[0]?.metadata.labels?.[hashLabel] ?? null) : (stableRS ?? null);
  }

  /**
   * Puts the template of earlier pods back, as `kubectl argo rollouts undo` does.
   *
   * @throws Error when they are known no more
   */
  async putBack(hash: string): Promise<void> {
    const rollout = await this.get();
    const found = (await this.replicaSets(rollout)).find(
      ({ metadata }) => metadata.labels?.[hashLabel] === hash,
    );
    if (!found) throw new Error(`Rollout ${this.name} has no pods of before (${hash}) any more`);
    const { metadata, ...template } = found.spec.template;
    const labels = { ...metadata?.labels };
    delete labels[hashLabel];
    await this.cluster.request("PATCH", `${this.path}?fieldManager=tollgate-release`, {
      contentType: "application/json-patch+json",
      body: [
        {
          op: "replace",
          path: "/spec/template",
          value: { ...template, metadata: { ...metadata, labels } },
        },
      ],
    });
  }

  /**
   * Tries an aborted release once more. A canary as `kubectl argo rollouts retry` does. With blue-green that isn't safe:
   * while Argo keeps the aborted pods it takes them for a version to go back to and promotes them without an analysis,
   * and later it aborts again by the analysis of before. So its pods become new ones, which are analysed as any others.
   */
  private async tryAgain({ spec }: Rollout): Promise<void> {
    const [path, body] = spec.strategy?.blueGreen
      ? [
          this.path,
          {
            spec: {
              template: { metadata: { annotations: { [attempt]: new Date().toISOString() } } },
            },
          },
        ]
      : [`${this.path}/status`, { status: { abort: false } }];
    await this.cluster.request("PATCH", `${path}?fieldManager=tollgate-release`, {
      contentType: "application/merge-patch+json",
      body,
    });
  }

  private async whyFailed({ status }: Rollout, pods: readonly Pod[]): Promise<string> {
    const message = sentencePart(status?.message ?? status?.phase);
    const verb = status?.abort ? "aborted it" : "gave it up";
    return `Argo Rollouts ${verb} (${message})${await whyNot(this.cluster, pods)}`;
  }

  private async replicaSets({ metadata }: Rollout): Promise<ReplicaSet[]> {
    const { namespace } = this.cluster.address;
    const { items } = await this.cluster.request<List<ReplicaSet>>(
      "GET",
      `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    );
    return items.filter((each) =>
      each.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
    );
  }
}

/** Has Argo taken in the newest template, and that an aborted release is to be tried again? */
function isSeen({ metadata, status }: Rollout): boolean {
  if (status?.abortedAt && !status.abort) return false;
  return status?.observedGeneration === String(metadata.generation);
}

/** Is a Rollout aborted since an earlier attempt? */
function stillAborted({ status }: Rollout, { cutOff, abortedAt }: EarlierAttempt): boolean {
  if (!status?.abort) return false;
  return cutOff || (abortedAt !== null && status.abortedAt === abortedAt);
}

/** Is traffic moved, or about to be? */
export function isMoving(rollout: Rollout): boolean {
  return !isSeen(rollout) || rollout.status?.stableRS !== rollout.status?.currentPodHash;
}

function outcomeOf({ status }: Rollout): "done" | "failed" | "unjudged" | "under way" {
  const { phase, stableRS, currentPodHash, abort } = status ?? {};
  if (phase === "Healthy" && stableRS === currentPodHash) return abort ? "unjudged" : "done";
  // An abort by hand says nothing until Argo has taken it in.
  return phase === "Degraded" ? "failed" : "under way";
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.["rollout.argoproj.io/revision"] ?? 0);
}
