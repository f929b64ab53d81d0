import type { Cluster } from "../../../cluster/cluster";
import type { ClusterReleaseInputs } from "../../inputs";
import { isReady, type Pod } from "../../../cluster/pods";
import { condition, type Condition, type Metadata } from "./objects";
import { podsOf, sentencePart } from "./pods";
import { failWhenFinal, whyNot } from "./workload";
import { pause } from "../cancellation";

const pauseMs = 500;

interface InferenceService {
  readonly metadata: Metadata;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

/**
 * Waits until KServe says that a release's InferenceService is ready, with its pods.
 *
 * @throws Error one clause: KServe's own message, with the reason of a pod when one is known
 */
export async function waitForInferenceService(
  cluster: Cluster,
  inputs: ClusterReleaseInputs,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const { workload, startTimeoutSeconds } = inputs;
  const { namespace } = cluster.address;
  const path = `/apis/serving.kserve.io/v1beta1/namespaces/${namespace}/inferenceservices/${workload.name}`;
  const started = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const { metadata, status } = await cluster.request<InferenceService>("GET", path, { signal });
    const pods = await podsOf(cluster, inputs.selector);
    const ready = condition(status?.conditions, "Ready");
    const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    const serving = pods.filter(isReady);
    if (seen && ready?.status === "True" && serving.length >= inputs.replicas) return serving;
    await failWhenFinal(cluster, pods);
    if (Date.now() - started > startTimeoutSeconds * 1000) {
      throw new Error(
        `KServe has not made it ready after ${startTimeoutSeconds} s (${sentencePart(ready?.message ?? ready?.reason)})${await whyNot(cluster, pods)}`,
      );
    }
    await pause(pauseMs, signal);
  }
}
