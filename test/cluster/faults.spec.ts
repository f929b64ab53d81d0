// Faults caused on purpose around a model that is served in a cluster: each ends in a sentence, takes nothing away from
// callers that Kubernetes can keep for them, and the next `up` puts things right. One environment, in order.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { names } from "../../runtimes/kubernetes/names";
import { testCluster, type TestCluster } from "../support/cluster";
import type { ClusterProject } from "../support/cluster-project";
import { atLine, type CommandResult, type RunOptions } from "../support/project";
import { killAt } from "../support/kills";
import { serveFirst, smallStaging, underLoad } from "./faults/environment";
import { limitedToken } from "./faults/limited";
import { rounds, seed } from "./faults/moments";
import { smallVolume, type SmallVolume } from "./faults/full-volume";
import { openWay, type Way } from "./faults/way";
import type { World } from "./faults/world";

type Config = Record<string, unknown>;

const minutes = (n: number) => n * 60_000;
/** MLflow's client says where it failed; that the disk is full is in the store's own log. */
const fullStore = /^Training failed with exit code 1; its last line was: .*mlflow-artifacts/;
const deployed = /\+ created +deployment model-serving-deployment-scorer/;

describe("faults in a cluster", function () {
  this.timeout(minutes(8));
  let cluster: TestCluster;
  let staging: ClusterProject;
  let way: Way;
  let world: World;
  let volume: SmallVolume | null = null;
  /** The version that must be answering after each test. */
  let expected = "1";
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;
  const must = (...args: string[]) => staging.project.must(...args, "--stack", "staging");
  const kubectl = (...args: string[]) => staging.kubectl("staging", ...args);
  const other = () => (expected === "1" ? "2" : "1");
  /** Was another version pinned than the one that must be answering? */
  let waiting = false;

  /** Runs a command on the environment; whatever happens, nobody is shown a stack trace. */
  async function attempt(args: string[], options?: RunOptions): Promise<CommandResult> {
    const result = await staging.project.tollgate([...args, "--stack", "staging"], options);
    assert.doesNotMatch(printed(result), /^\s+at \S+ \(|^Traceback/m);
    return result;
  }

  /** The command fails, and says so in one line of stderr besides the progress. */
  async function refused(sentence: RegExp, args = ["up"], options?: RunOptions): Promise<void> {
    const result = await attempt(args, options);
    assert.equal(result.code, 1, printed(result));
    const lines = result.stderr.split("\n").filter((line) => sentence.test(line));
    assert.equal(lines.length, 1, printed(result));
  }

  /** Runs with changed settings and puts the stack file back. */
  async function withSettings(
    change: (kubernetes: Config) => void,
    work: () => Promise<void>,
  ): Promise<void> {
    const file = path.join(staging.project.dir, "Pulumi.staging.yaml");
    const original = readFileSync(file, "utf8");
    staging.project.configure("staging", (config) =>
      change(config["tollgate:kubernetes"] as Config),
    );
    try {
      await work();
    } finally {
      writeFileSync(file, original);
    }
  }

  async function pinOther(): Promise<void> {
    await must("pin", other());
    waiting = true;
  }

  /** The pinned version serves now. */
  function released(): void {
    expected = other();
    waiting = false;
  }

  /** What follows each fault: `up` releases what is pinned, if it wasn't before. */
  async function converges(): Promise<void> {
    await must("up");
    if (waiting) released();
  }

  before(async () => {
    cluster = testCluster();
    way = await openWay(cluster.kubeconfig);
    staging = await smallStaging(cluster, (config) => {
      const kubernetes = config["tollgate:kubernetes"] as Config;
      kubernetes["kubeconfig"] = way.kubeconfig;
    });
    world = await serveFirst(cluster, staging);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await staging.diagnosis("staging"));
    const { drift } = JSON.parse((await attempt(["status", "--json"])).stdout) as {
      drift: string[];
    };
    if (waiting) assert.match(drift.join("\n"), /is pinned, but .* was released last/);
    else assert.deepEqual(drift, []);
    assert.equal(await world.answering(), expected, "the expected version doesn't answer");
  });
  after(async () => {
    await way.restore();
    volume?.discard();
    await staging.dispose();
    await way.close();
  });

  it("refuses a kubeconfig that isn't there", async () => {
    await way.without(() => refused(/^There is no kubeconfig at \S+: set KUBECONFIG/));
  });

  it("refuses a context that the kubeconfig hasn't", async () => {
    await withSettings(
      (kubernetes) => (kubernetes["context"] = "nowhere"),
      () => refused(/"nowhere"/),
    );
  });

  it("refuses a kind that the cluster doesn't know, before anything is made", async () => {
    const before = await world.deployments();
    await withSettings(
      (kubernetes) => (kubernetes["monitoring"] = "operator"),
      () => refused(/lacks Prometheus operator: .*tollgate:kubernetes\.monitoring to annotations/),
    );
    assert.deepEqual(await world.deployments(), before);
  });

  it("names the right that the user of the context lacks", async () => {
    const token = await limitedToken(cluster, staging.namespaces["staging"]!);
    await pinOther();
    await underLoad(staging, () =>
      way.as(token, () =>
        refused(
          /is forbidden: .* cannot (create|patch) resource "deployments".*; have that right given/,
        ),
      ),
    );
  });

  it("keeps the old version when a quota lets no pod be made", async () => {
    await kubectl("create", "quota", "platform", "--hard=pods=1");
    await underLoad(staging, () =>
      refused(
        new RegExp(
          `version ${other()} of churn-model was not released: its pods can't be made \\(.*exceeded quota: platform.*\\); callers get version ${expected} as before`,
        ),
      ),
    );
    await kubectl("delete", "quota", "platform");
  });

  it("keeps the old version when an image can't be pulled, and releases the new one once nothing is in its way", async () => {
    const absent = `${cluster.images.tollgate.replace(/@.*/, "")}@sha256:${"1".repeat(64)}`;
    await underLoad(staging, async () => {
      await withSettings(
        (kubernetes) => ((kubernetes["images"] as Config)["tollgate"] = absent),
        () => refused(/can't get its image \(.*@sha256:1{64}/),
      );
      assert.equal(await world.answering(), expected);
      await converges();
    });
  });

  it("waits for what comes after a pod that was killed", async () => {
    const before = await world.scorerPods();
    await kubectl("delete", "pod", ...before, "--force", "--grace-period=0");
    await must("up");
    assert.notDeepEqual(await world.scorerPods(), before);
  });

  it("serves on without a registry, and its new pods say what they wait for", async () => {
    await pinOther();
    await kubectl("scale", "deployment", names.trackingServer, "--replicas=0");
    await kubectl("wait", "--for=delete", "pod", "--selector", selectorOf(names.trackingServer));
    await underLoad(staging, async () => {
      const [deployment] = await world.scorerDeployments();
      await kubectl("rollout", "restart", `deployment/${deployment}`);
      const reason = /can't be downloaded from http:\/\/tracking-server\S*: .*registry answers/;
      await world.until(async () => reason.test(await world.fetchLogs()));
      const result = await attempt(["up"]);
      assert.equal(result.code, 0, printed(result));
      assert.match(result.stderr, /^The registry doesn't run: starting it, so that the pin/m);
    });
    released();
  });

  it("says that the store's volume is full, loses nothing, and trains on once there is room and it was started anew", async () => {
    volume = await smallVolume(staging, "staging", cluster.kubeconfig, names.artifactStore);
    if (!volume) return console.log("      (volumes of a cluster that was given are left alone)");
    const versions = await world.versions();
    volume.fill();
    // Its client tries again for minutes otherwise.
    const env = { MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1" };
    await underLoad(staging, async () => {
      const train = ["train", "--stack", "staging"];
      const { code, stderr } = await staging.project.tollgate(train, { env });
      assert.equal(code, 1, stderr);
      // Above it is what the training command itself printed.
      assert.match(stderr.trimEnd().split("\n").at(-1)!, fullStore);
    });
    assert.deepEqual(await world.versions(), versions);
    await converges();
    volume.empty();
    // The store's own index stays closed until it is started anew.
    await kubectl("delete", "pod", `${names.artifactStore}-0`, "--grace-period=2");
    const started = ["rollout", "status", `statefulset/${names.artifactStore}`];
    await kubectl(...started, "--timeout=120s");
    await must("train", "--param", "n_estimators=130");
  });

  it("goes on by itself when the API server hangs for a moment during a release", async () => {
    await pinOther();
    await underLoad(staging, async () => {
      const hang = () => {
        way.hold();
        setTimeout(() => void way.restore(), 6000);
      };
      const result = await attempt(["up"], atLine(deployed, hang));
      assert.equal(result.code, 0, printed(result));
    });
    released();
  });

  it("says that the API server went away during a release, and goes on from there", async () => {
    await pinOther();
    await underLoad(staging, async () => {
      await refused(
        /model-serving-release: .*The cluster at https:\/\/\S+ doesn't answer/,
        ["up"],
        atLine(deployed, () => void way.cut()),
      );
      await refused(/^The cluster at https:\/\/\S+ doesn't answer \(ECONNREFUSED\)/m);
      await way.restore();
      await must("up");
    });
    released();
  });

  it("takes a new password of the database to all who use it", async () => {
    const before = await world.secretsOf("deployments", names.trackingServer);
    await rotatePassword(cluster, staging.namespaces["staging"]!);
    await underLoad(staging, () => converges());
    assert.notEqual(await world.secretsOf("deployments", names.trackingServer), before);
  });

  it("refuses the second of two ups, which names the first", async () => {
    const both = await Promise.all([attempt(["up"]), attempt(["up"])]);
    assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1], both.map(printed).join("\n"));
    const second = both.find(({ code }) => code === 1)!;
    assert.match(second.stderr, /^Stack staging is being changed by \S+ \(pid \d+\) since/m);
  });

  it("makes a Service and a Deployment anew that were deleted by hand", async () => {
    await kubectl("delete", "service", names.scorer);
    await kubectl("delete", "deployment", ...(await world.scorerDeployments()));
    await converges();
  });

  for (const moments of rounds) {
    it(`goes on after it was killed ${moments.map(({ when }) => when).join(", ")}`, async () => {
      console.log(`      (TOLLGATE_KILL_SEED=${seed})`);
      await pinOther();
      await underLoad(staging, async () => {
        for (const { when, victim, reached } of moments) {
          const release = { version: other(), old: expected, receipts: await world.receipts() };
          const ended = await killAt(
            staging.project.dir,
            ["up", "--stack", "staging"],
            (text) => reached(world, { ...release, printed: text }),
            victim,
          );
          assert.ok(ended.killed, `not killed ${when}: ${ended.printed}`);
        }
        await must("up");
      });
      released();
      assert.equal((await world.scorerDeployments()).length, 1);
    });
  }
});

function selectorOf(name: string): string {
  return `app.kubernetes.io/name=${name}`;
}

/** As a person or a tool does that keeps the Secret. */
async function rotatePassword(cluster: TestCluster, namespace: string): Promise<void> {
  const password = "a-second-password-of-the-test";
  const url = `postgresql://mlflow:${password}@${names.database}:5432/mlflow`;
  const patch = JSON.stringify({ stringData: { password, url } });
  await cluster.kubectl([
    ...["--namespace", namespace, "patch", "secret", "database"],
    ...["--type", "merge", "--patch", patch],
  ]);
}
