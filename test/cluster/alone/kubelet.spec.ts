// Releases on a node whose kubelet stands still for a while. Every other pod of the node is without it meanwhile, so that no
// spec runs beside this one.
import assert from "node:assert/strict";
import { connectCluster } from "../../../cluster/connect";
import { testCluster, type TestCluster } from "../../support/cluster";
import { clusterProject, type ClusterProject } from "../../support/cluster-project";
import { startLoad } from "../../support/load";
import { atLine, type RunOptions } from "../../support/project";
import { suspend } from "../faults/node";
import { isReady, World } from "../faults/world";

const minutes = (n: number) => n * 60_000;
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];
/** Longer than a scorer may take for an answer, and shorter than what makes a node count as gone. */
const stillSeconds = 12;

describe("releases on a node whose kubelet stands still", function () {
  this.timeout(minutes(8));
  let cluster: TestCluster;
  let staging: ClusterProject;
  let world: World;
  const must = (...args: string[]) => staging.project.must(...args, "--stack", "staging");

  before(async () => {
    cluster = testCluster();
    staging = await clusterProject(cluster, ["staging"], (config) => {
      config["tollgate:scorer"] = { startTimeoutSeconds: 240, replicas: 1 };
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
    });
    const namespace = staging.namespaces["staging"]!;
    const address = { kubeconfig: cluster.kubeconfig, context: null, namespace };
    world = new World(await connectCluster(address), staging.url("staging"));
    await must("up");
    await must("train");
    await must("evaluate");
    await must("pin", "1");
    await must("up");
    await must("train", "--param", "n_estimators=120");
    await must("evaluate");
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await staging.diagnosis("staging"));
  });
  after(() => staging?.dispose());

  it("waits for the new version's pods that are not begun meanwhile", async () => {
    const deployed = /\+ created +deployment model-serving-deployment-scorer/;
    await released(
      "2",
      atLine(deployed, () => stopKubelet()),
    );
  });

  it("waits for answers of pods that are asked meanwhile, as the way to them leads through the kubelet", async () => {
    let stopped = 0;
    const arrival = world
      .until(async () => (await world.pods("1")).some(isReady))
      .then(() => {
        stopped = Date.now();
        stopKubelet();
      });
    await released("1");
    await arrival;
    assert.ok(Date.now() - stopped > stillSeconds * 1000, "the release was over before");
  });

  const stopKubelet = () => assert.ok(suspend(cluster.kubeconfig, "kubelet", stillSeconds));

  /** The release of a version that none of few callers notices. */
  async function released(version: string, options?: RunOptions): Promise<void> {
    await must("pin", version);
    const load = startLoad(staging.url("staging"), { features: row, perSecond: 5 });
    try {
      const up = await staging.project.tollgate(["up", "--stack", "staging"], options);
      assert.equal(up.code, 0, up.stdout + up.stderr);
    } finally {
      await load.stop();
    }
    const seen = load.seen();
    assert.equal(seen.failed, 0, JSON.stringify(seen));
    assert.equal(await world.answering(), version);
  }
});
