import { connectCluster } from "../../../cluster/connect";
import type { TestCluster } from "../../support/cluster";
import { clusterProject, type ClusterProject } from "../../support/cluster-project";
import { unharmed } from "../../support/load";
import { World } from "./world";

type Config = Record<string, unknown>;

const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];
/** Callers at a low rate: what is asked here is whether any of them is lost. */
const perSecond = 5;

/**
 * A project whose one stack, staging, has a single scorer and hardly watches a release. Gates only advise, so that a
 * version needs no evidence, which takes as long as two releases.
 */
export function smallStaging(
  cluster: TestCluster,
  change: (config: Config) => void = () => {},
): Promise<ClusterProject> {
  return clusterProject(cluster, ["staging"], (config) => {
    config["tollgate:scorer"] = { startTimeoutSeconds: 240, replicas: 1 };
    config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
    config["tollgate:gates"] = { level: "advisory" };
    change(config);
  });
}

/** Serves version 1 in staging, and has a version 2 with evidence, whose kept answers each release of it asks for. */
export async function serveFirst(cluster: TestCluster, staging: ClusterProject): Promise<World> {
  const must = (...args: string[]) => staging.project.must(...args, "--stack", "staging");
  const namespace = staging.namespaces["staging"]!;
  const address = { kubeconfig: cluster.kubeconfig, context: null, namespace };
  const world = new World(await connectCluster(address), staging.url("staging"));
  await must("up");
  await must("train");
  await must("train", "--param", "n_estimators=120");
  await must("evaluate");
  await must("pin", "1");
  await must("up");
  return world;
}

/** Callers go on sending meanwhile, and none of them may be lost. */
export async function underLoad(staging: ClusterProject, work: () => Promise<void>): Promise<void> {
  await unharmed(staging.url("staging"), { features: row, perSecond }, work);
}
