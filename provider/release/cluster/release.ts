import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { keptRowsOf } from "../answers";
import { cancellation } from "../cancellation";
import { undoRelease } from "../undo";
import { checkedPods, prepareWatch } from "./check-pods";
import { closeTunnels } from "./counters";
import { waitForEndpoints } from "./endpoints";
import { waitForInferenceService } from "./inference-service";
import type { Pod } from "../../../cluster/pods";
import type { Service } from "./objects";
import { type EarlierAttempt, EndedByArgo, isMoving, ScorerRollout } from "./rollout";
import { retreated } from "./retreat";
import { scaleLikeBefore } from "./scale";
import { generationIn, movedForRollout, selectorForArgo, selects } from "./selectors";
import {
  annotations,
  type ClusterTraffic,
  journalIn,
  journalSchema,
  ScorerService,
  trafficOf,
} from "./service";
import { waitForDeployment } from "./workload";

/**
 * Releases a version in a cluster: waits for its pods, asks each, moves the traffic and watches it. Where Argo moves the
 * traffic, this waits for its outcome. The journal stays open afterwards: alias and receipt belong to the release.
 *
 * @param signal ends the release when aborted, and puts the traffic back
 * @throws Error one sentence with what was found, after the traffic was put back
 */
export async function releaseInCluster(
  cluster: Cluster,
  inputs: ClusterReleaseInputs,
  signal = cancellation,
): Promise<void> {
  const { version, model } = inputs;
  try {
    await (inputs.workload.kind === "Rollout"
      ? followArgo(cluster, inputs, signal)
      : switchService(cluster, inputs, signal));
  } catch (error) {
    const outcome = await undoRelease({ stateDir: inputs.stateDir, cluster: inputs.cluster });
    if (!outcome && !signal.aborted && (await isServed(cluster, inputs))) {
      throw new Error(
        `version ${version} of ${model} is served as before, and its pods aren't all up: ${(error as Error).message}`,
      );
    }
    const reason = signal.aborted
      ? `the release of version ${version} was interrupted`
      : `version ${version} of ${model} was not released: ${(error as Error).message}`;
    throw new Error(`${reason}; ${outcome ?? (await served(cluster, inputs))}`);
  }
}

/** What callers get when a release ended before it changed anything, or Argo took the traffic back. */
async function served(cluster: Cluster, inputs: ClusterReleaseInputs): Promise<string> {
  try {
    const service = await new ScorerService(cluster, inputs.service).find();
    const before = inputs.workload.kind === "Rollout" ? await stable(cluster, inputs) : null;
    const version = before?.version ?? (service && trafficOf(service).version);
    return version ? `callers get version ${version} as before` : "nothing was changed for callers";
  } catch {
    return "nothing was changed for callers";
  }
}

/** Was it released before already? Then this was a look at its pods alone. */
async function isServed(cluster: Cluster, inputs: ClusterReleaseInputs): Promise<boolean> {
  if (inputs.workload.kind === "Rollout") {
    return (await stable(cluster, inputs).catch(() => null))?.digest === inputs.digest;
  }
  const service = await new ScorerService(cluster, inputs.service).find().catch(() => null);
  return service !== null && isReleased(service, inputs);
}

/** What Argo sends callers to when no release is under way; null when it knows nothing of the kind. */
async function stable(cluster: Cluster, { workload }: ClusterReleaseInputs) {
  const rollout = new ScorerRollout(cluster, workload.name);
  const { stableRS } = (await rollout.get()).status ?? {};
  return stableRS ? rollout.servedBy(stableRS) : null;
}

/** A Deployment or InferenceService of its own: nobody is sent there before each of its pods was asked. */
async function switchService(
  cluster: Cluster,
  inputs: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<void> {
  const service = new ScorerService(cluster, inputs.service);
  const seen = await service.get();
  const all = () => ownPods(cluster, seen, inputs, signal);
  const found = await all();
  const isThere = selects(seen, inputs.selector);
  if (isThere && !(await service.journal())) return;
  const kept = await keptRowsOf(inputs.answers, inputs);
  const { pods, watched } = await checkedPods(cluster, found, all, inputs, kept, signal);
  try {
    const opened = await openJournal(service, inputs, { stable: null });
    const ours = await takenFromArgo(cluster, service, opened, signal);
    const watch = await prepareWatch(cluster, watched, inputs, kept, signal);
    signal.throwIfAborted();
    await service.change(ours, { selector: inputs.selector, annotations: released(inputs) });
    await waitForEndpoints(cluster, inputs.service, pods, signal);
    await watch();
  } finally {
    await closeTunnels(watched);
  }
}

/**
 * The Service, once Argo leaves it alone. Where a Rollout had it until now, Argo would take back what we move as long as
 * that Rollout is there, and it goes last of all.
 */
async function takenFromArgo(
  cluster: Cluster,
  service: ScorerService,
  opened: Service,
  signal: AbortSignal,
): Promise<Service> {
  const { held } = journalIn(opened)!;
  if (!held) return opened;
  await new ScorerRollout(cluster, held).hold(signal);
  return service.get();
}

async function ownPods(
  cluster: Cluster,
  service: Service,
  inputs: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  if (inputs.workload.kind === "InferenceService") {
    return waitForInferenceService(cluster, inputs, signal);
  }
  await scaleLikeBefore(cluster, service, inputs);
  return waitForDeployment(cluster, inputs, signal);
}

/** Argo Rollouts moves the traffic by its own analysis; what it says is then checked pod by pod. */
async function followArgo(
  cluster: Cluster,
  inputs: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<void> {
  const service = new ScorerService(cluster, inputs.service);
  const rollout = new ScorerRollout(cluster, inputs.workload.name);
  // Whoever began to leave Argo may have been cut off.
  await rollout.letGo();
  const [seen, callers] = [await rollout.get(), await service.get()];
  await scaleLikeBefore(cluster, callers, inputs);
  if (
    isMoving(seen) ||
    !isReleased(callers, inputs) ||
    !selects(callers, selectorForArgo(callers, inputs))
  ) {
    const hash = await rollout.stableBefore(seen);
    const before = hash === null ? null : await rollout.servedBy(hash);
    await openJournal(service, inputs, { stable: hash, ...before });
  }
  const all = () => settled(cluster, service, inputs, earlierAttempt(callers, inputs), signal);
  const found = await all();
  if (!(await service.journal())) return;
  const kept = await keptRowsOf(inputs.answers, inputs);
  const { watched } = await checkedPods(cluster, found, all, inputs, kept, signal);
  await closeTunnels(watched);
  await service.revise((moved) => {
    const selector = selectorForArgo(moved, inputs);
    return {
      ...(selects(moved, selector) ? {} : { selector }),
      annotations: released(inputs),
    };
  });
}

async function settled(
  cluster: Cluster,
  service: ScorerService,
  inputs: ClusterReleaseInputs,
  earlier: EarlierAttempt,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const rollout = new ScorerRollout(cluster, inputs.workload.name);
  try {
    return await rollout.settled(inputs, earlier, signal);
  } catch (error) {
    if (!(error instanceof EndedByArgo) || signal.aborted) throw error;
    // What callers had before stays with them; they have nothing of Argo's while the Service leads elsewhere.
    const callers = await service.get();
    const away =
      trafficOf(callers).selector === null ||
      generationIn(callers) !== null ||
      !isMoving(await rollout.get()) ||
      (await retreated(cluster, inputs, signal));
    // Argo puts its traffic back by itself; a template that is put back as well would hide what it aborted.
    await service.clearJournal(error.abortedAt);
    if (away) throw error;
    throw new Error(`${error.message}, and has not taken its pods from callers yet`);
  }
}

function earlierAttempt(before: Service, { digest }: ClusterReleaseInputs): EarlierAttempt {
  return {
    cutOff: journalIn(before)?.digest === digest,
    abortedAt: before.metadata.annotations?.[annotations.aborted] ?? null,
  };
}

/** Does the Service say that exactly this is released? */
export function isReleased(
  service: Service,
  { version, digest }: Pick<ClusterReleaseInputs, "version" | "digest">,
): boolean {
  const traffic = trafficOf(service);
  return traffic.version === version && traffic.digest === digest;
}

function released({ version, digest }: ClusterReleaseInputs): Record<string, string> {
  return { [annotations.version]: version, [annotations.digest]: digest };
}

/**
 * One that a cut-off release left is carried on: what was there before that release is what an undo goes back to.
 *
 * @param before what Argo calls stable, which may differ from what the Service says of itself
 */
function openJournal(
  service: ScorerService,
  { version, digest, workload }: ClusterReleaseInputs,
  before: Pick<ClusterTraffic, "stable"> & Partial<ClusterTraffic>,
): Promise<Service> {
  const startedAt = new Date().toISOString();
  return service.writeJournal((seen) => {
    const found = journalIn(seen);
    return {
      schema: journalSchema,
      startedAt,
      version,
      digest,
      rollout: workload.kind === "Rollout" ? workload.name : null,
      held: workload.kind === "Rollout" ? null : (found?.held ?? movedForRollout(seen)),
      previous: found?.previous ?? { ...trafficOf(seen), ...before },
      mark: found?.mark ?? null,
    };
  });
}
