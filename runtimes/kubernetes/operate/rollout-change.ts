import type { Service } from "../../../provider/release/cluster/objects";
import { generationIn } from "../../../provider/release/cluster/selectors";
import { ScorerService, trafficOf } from "../../../provider/release/cluster/service";
import type { ClusterSettings } from "../../../config/settings";
import { generationOf } from "../manifests/scorer";
import { movedByArgo } from "../manifests/workload";
import { names } from "../names";
import { OperationError } from "../../errors";
import { withCluster } from "./with-cluster";

/**
 * Refuses to change who moves traffic together with what it moves to. A Rollout's first version is analysed by nobody,
 * and for a moment both ways choose their pods by labels that only the same pods share.
 *
 * @throws OperationError `settings`: one sentence that says how to go on
 */
export async function requireOneMove(settings: ClusterSettings): Promise<void> {
  const seen = await withCluster(settings.kubernetes.cluster, (cluster) =>
    new ScorerService(cluster, names.scorer).find(),
  );
  const problem = seen && problemOfMove(seen, settings);
  if (problem) throw new OperationError("settings", problem);
}

/** What is wrong with going on from what a Service leads to now; null: nothing. */
export function problemOfMove(seen: Service, settings: ClusterSettings): string | null {
  const { pin, stack, kubernetes } = settings;
  const { version, digest, selector } = trafficOf(seen);
  if (!pin || version === null || !selector) return null;
  const generation = generationIn(seen);
  const byArgo = generation === null;
  if (byArgo === movedByArgo(settings)) return null;
  const { version: pinned, digest: pinnedDigest } = pin;
  const served = { version: pinned, digest: pinnedDigest, modelUri: "", trackingUri: "" };
  const same = byArgo ? digest === pinnedDigest : generation === generationOf(settings, served);
  if (same) return null;
  const other =
    digest === pinnedDigest
      ? "settings that its scorers are started with"
      : `the pin (version ${version} -> ${pinned})`;
  return `${stack} changes tollgate:kubernetes.rollout (now ${kubernetes.rollout}) and ${other} at once, and callers could meet pods that nobody has checked, or none: run \`up\` with one of them changed, then with the other.`;
}
