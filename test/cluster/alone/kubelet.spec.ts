// Releases on a node whose kubelet stands still for a while. Every other pod of the node is without it meanwhile, so that no
// spec runs beside this one.
import assert from "node:assert/strict";
import { testCluster, type TestCluster } from "../../support/cluster";
import type { ClusterProject } from "../../support/cluster-project";
import { atLine, lightRegistry, type RunOptions } from "../../support/project";
import { serveFirst, smallStaging, underLoad } from "../faults/environment";
import { suspend } from "../faults/node";
import { isReady, type World } from "../faults/world";

const minutes = (n: number) => n * 60_000;
/** Longer than a scorer may take for an answer, and shorter than what makes a node count as gone. */
const stillSeconds = 12;
/** What the watch of a version waits for an answer is 5 s, so that one that hangs is taken from callers soon. */
const shortlySeconds = 3;

describe("releases on a node whose kubelet stands still", function () {
  this.timeout(minutes(8));
  let cluster: TestCluster;
  let staging: ClusterProject;
  let world: World;

  before(async () => {
    cluster = testCluster();
    // Long enough for the kubelet to be stopped within it.
    staging = await smallStaging(cluster, (config) => {
      config["tollgate:release"] = { watchSeconds: 3, warmSeconds: 0 };
      lightRegistry(config);
    });
    world = await serveFirst(cluster, staging);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await staging.diagnosis("staging"));
  });
  after(() => staging?.dispose());

  it("waits for the new version's pods that are not begun meanwhile", async () => {
    const deployed = /\+ created +deployment model-serving-deployment-scorer/;
    await released(
      "2",
      atLine(deployed, () => stopKubelet(stillSeconds)),
    );
  });

  it("waits for answers of pods that are asked meanwhile, as the way to them leads through the kubelet", async () => {
    const ready = async () => (await world.pods("1")).some(isReady);
    await releasedThrough("1", ready, stillSeconds);
  });

  it("watches on over a short standstill once callers have come", async () => {
    const moved = async () => (await world.released()) === "2";
    await releasedThrough("2", moved, shortlySeconds);
  });

  const stopKubelet = (seconds: number) =>
    assert.ok(suspend(cluster.kubeconfig, "kubelet", seconds));

  /** The same while the kubelet stands still from a moment on, and not longer than the release takes. */
  async function releasedThrough(
    version: string,
    moment: () => Promise<boolean>,
    seconds: number,
  ): Promise<void> {
    let stopped = 0;
    const arrival = world.until(moment).then(() => {
      stopped = Date.now();
      stopKubelet(seconds);
    });
    await released(version);
    await arrival;
    assert.ok(Date.now() - stopped > seconds * 1000, "the release was over before");
  }

  /** The release of a version that none of few callers notices. */
  async function released(version: string, options?: RunOptions): Promise<void> {
    await staging.project.must("pin", version, "--stack", "staging");
    await underLoad(staging, async () => {
      const up = await staging.project.tollgate(["up", "--stack", "staging"], options);
      assert.equal(up.code, 0, up.stdout + up.stderr);
    });
    assert.equal(await world.answering(), version);
  }
});
