// Releases that Argo Rollouts moves, as canary and as blue-green, judged by its analyses: a Job that asks the new pods, and a
// real Prometheus that sees what callers get. Then what people do past Tollgate, and coming to Argo and leaving it. One
// environment, in order: each case goes on where the one before ended.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { testCluster, type TestCluster } from "../support/cluster";
import { type Prometheus, startPrometheus } from "../support/prometheus";
import { type CommandResult, lightRegistry } from "../support/project";
import { type Callers, Environment } from "./argo/environment";

type Config = Record<string, unknown>;

interface AnalysisRun {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status: {
    readonly metricResults?: readonly { readonly name: string; readonly phase: string }[];
  };
}

const minutes = (n: number) => n * 60_000;
const controller = ["--namespace", "argo-rollouts"];
const released = (version: string, before: string) =>
  new RegExp(
    `version ${version} of churn-model was not released: Argo Rollouts .+; callers get version ${before} as before$`,
    "m",
  );

describe("releases by Argo Rollouts", function () {
  this.timeout(minutes(12));
  let cluster: TestCluster;
  let prometheus: Prometheus;
  let staging: Environment;

  before(async () => {
    cluster = testCluster();
    prometheus = await startPrometheus(cluster);
    staging = await Environment.create(cluster, (config) => {
      config["tollgate:scorer"] = { startTimeoutSeconds: 240 };
      // As many measurements as a longer watch, one a second.
      config["tollgate:release"] = { watchSeconds: 5, warmSeconds: 5 };
      lightRegistry(config);
      config["tollgate:gates"] = { level: "advisory" };
      const kubernetes = config["tollgate:kubernetes"] as Config;
      // Their latency is judged while others start beside them.
      const scorer = { cpu: "100m", memory: "400Mi" };
      Object.assign(kubernetes, {
        prometheus: prometheus.url,
        resources: { ...(kubernetes["resources"] as Config), scorer },
      });
    });
    await staging.must("up");
    await staging.must("train");
    // With evidence, so that its kept answers are asked for, from outside.
    await staging.must("train", "--param", "n_estimators=120");
    await staging.must("evaluate");
    await staging.pin("1");
    await staging.must("up");
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.log(await staging.diagnosis());
    throw new Error("The cases after this one go on from it, so they are left out.");
  });
  after(async () => {
    await scaleController(1);
    await staging?.dispose();
    await prometheus?.stop();
  });

  it("refuses to come to Argo and to another version at once, and changes nothing", async () => {
    await staging.pin("2");
    rollOutBy("canary");
    for (const verb of ["preview", "up"]) {
      const { code, stderr } = await staging.tollgate(verb);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /\(now canary\) and the pin \(version 1 -> 2\) at once, .* run `up`/);
    }
    await staging.pin("1");
    await assertStands({ pinned: "1", receipts: ["1"], drift: [] });
  });

  it("comes to canary with the version that serves, and no request fails", async () => {
    const { callers } = await staging.underLoad(() => staging.must("up"));
    assertUnharmed(callers, ["1"]);
    await assertStands({ pinned: "1", receipts: ["1"], drift: [] });
    assert.equal(await workloads(), "rollout.argoproj.io/scorer");
  });

  it("takes a good version to all callers by canary, and none of their requests fails", async () => {
    await staging.pin("2");
    const { callers } = await staging.underLoad(() => staging.must("up"));
    assertUnharmed(callers, ["1", "2"]);
    await assertStands({ pinned: "2", receipts: ["1", "2"], drift: [] });
    const metrics = await lastAnalysis();
    assert.equal(metrics["release-check"], "Successful");
    assert.equal(metrics["error-share"], "Successful");
  });

  it("leaves nothing to do for a second preview and up, whatever Argo writes to its objects", async () => {
    const preview = await staging.preview();
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match((await staging.must("up")).stdout, /no changes/);
  });

  it("takes back a canary that fails on rows of some callers, and says what Argo said", async () => {
    await staging.must("train", "--param", "model=narrow");
    await staging.pin("3");
    const { result, callers } = await staging.underLoad(() => staging.tollgate("up"));
    assertRefused(result, "3", "2");
    assert.match(result.stderr, /aborted it \(.*Metric "[\w-]+" assessed Failed/);
    assert.equal((await lastAnalysis())["error-share"], "Failed");
    assertHarmedByV3(callers);
    await assertStands({
      pinned: "3",
      receipts: ["1", "2"],
      drift: [
        /^Argo Rollouts aborted the release of Rollout scorer \(.*assessed Failed/,
        /^churn-model version 3 .* is pinned, but churn-model version 2 .* was released last$/,
      ],
    });
  });

  it("is put right by `rollback` to the version that still serves", async () => {
    const { callers } = await staging.underLoad(() => staging.must("rollback"));
    assertUnharmed(callers, ["2"]);
    await assertStands({ pinned: "2", receipts: ["1", "2"], drift: [] });
  });

  it("follows a person who aborts a release under way: neither alias nor receipt moves", async () => {
    await staging.pin("1");
    const { generation } = (await staging.rollout()).metadata;
    const running = staging.tollgate("up");
    await until("Argo starts the release", async () => {
      const { metadata, status } = await staging.rollout();
      return metadata.generation > generation && status.phase === "Progressing";
    });
    // What `kubectl argo rollouts abort` does.
    await patchRollout(["--subresource", "status"], { status: { abort: true } });
    const result = await running;
    assertRefused(result, "1", "2");
    assert.match(result.stderr, /Argo Rollouts aborted it \(RolloutAborted: .*\)/);
    const drift = [/^Argo Rollouts aborted the release of Rollout scorer/];
    await assertStands({ pinned: "1", receipts: ["1", "2"], drift });
  });

  it("says that Argo's controller is down, changes nothing for callers, and goes on once it is back", async () => {
    await scaleController(0);
    // Few callers, as it is waited for a minute, and other specs run beside.
    const { result, callers } = await staging.underLoad(() => staging.tollgate("up"), 10);
    assertRefused(result, "1", "2");
    assert.match(result.stderr, /has not looked at Rollout scorer .* see that its controller runs/);
    assertUnharmed(callers, ["2"]);
    await scaleController(1);
    await staging.must("up");
    await assertStands({ pinned: "1", receipts: ["1", "2", "1"], drift: [] });
  });

  it("shows a release that a person has undone as drift, and puts it right", async () => {
    // What `kubectl argo rollouts undo` does.
    await patchRollout([], { spec: { template: await templateOf("2") } });
    const drift = [/^Rollout scorer has another pod template than was released/];
    await assertStands({ pinned: "1", receipts: ["1", "2", "1"], drift, served: null });
    await staging.must("up");
    await assertStands({ pinned: "1", receipts: ["1", "2", "1"], drift: [] });
  });

  it("takes a good version to all callers by blue-green, checked before and after they get it", async () => {
    rollOutBy("blueGreen");
    await staging.must("up");
    await assertStands({ pinned: "1", receipts: ["1", "2", "1"], drift: [] });
    await staging.pin("2");
    const { callers } = await staging.underLoad(() => staging.must("up"));
    assertUnharmed(callers, ["1", "2"]);
    await assertStands({ pinned: "2", receipts: ["1", "2", "1", "2"], drift: [] });
    assert.equal((await lastAnalysis())["error-share"], "Successful");
  });

  it("takes callers back from a blue-green version that fails on rows of some of them", async () => {
    await staging.pin("3");
    const { result, callers } = await staging.underLoad(() => staging.tollgate("up"));
    assertRefused(result, "3", "2");
    assert.match(result.stderr, /aborted it \(.*Metric "[\w-]+" assessed Failed/);
    assertHarmedByV3(callers);
    const drift = [/^Argo Rollouts aborted the release of Rollout scorer/];
    await assertStands({ pinned: "3", receipts: ["1", "2", "1", "2"], drift });
  });

  it("lets no caller near a version that is too slow for the check before the switch", async () => {
    staging.configure((config) => {
      Object.assign(config["tollgate:release"] as Config, { maxP95Ms: 0.01 });
    });
    const { result, callers } = await staging.underLoad(() => staging.tollgate("up"));
    staging.configure((config) => {
      Object.assign(config["tollgate:release"] as Config, { maxP95Ms: 2000 });
    });
    assertRefused(result, "3", "2");
    assert.match(result.stderr, /Metric "release-check" assessed Failed/);
    assertUnharmed(callers, ["2"]);
    await staging.must("rollback");
    await assertStands({ pinned: "2", receipts: ["1", "2", "1", "2"], drift: [] });
  });

  it("goes back to the last good version by blue-green, and no request fails", async () => {
    const { callers } = await staging.underLoad(() => staging.must("rollback"));
    assertUnharmed(callers, ["1", "2"]);
    await assertStands({ pinned: "1", receipts: ["1", "2", "1", "2", "1"], drift: [] });
  });

  it("stays with Argo when an up that was to leave it is killed, and settings say Argo again", async () => {
    rollOutBy("deployment");
    const { killed, printed } = await staging.killedAt(["up"], async () => {
      const { spec } = await staging.rollout();
      return spec.paused === true;
    });
    assert.ok(killed, printed);
    assert.deepEqual(await staging.served(), ["1"]);
    rollOutBy("blueGreen");
    await staging.must("up");
    await assertStands({ pinned: "1", receipts: ["1", "2", "1", "2", "1"], drift: [] });
    assert.equal((await staging.rollout()).spec.paused, undefined);
    assert.equal(await workloads(), "rollout.argoproj.io/scorer");
  });

  it("leaves Argo and comes back with the version that serves, and no request fails", async () => {
    const { callers } = await staging.underLoad(async () => {
      rollOutBy("deployment");
      await staging.must("up");
      assert.match(await workloads(), /^deployment.apps\/scorer-[0-9a-f]{8}$/);
      rollOutBy("blueGreen");
      await staging.must("up");
      assert.equal(await workloads(), "rollout.argoproj.io/scorer");
    });
    assertUnharmed(callers, ["1"]);
    await assertStands({ pinned: "1", receipts: ["1", "2", "1", "2", "1"], drift: [] });
  });

  function rollOutBy(rollout: string): void {
    staging.configure((config) => {
      Object.assign(config["tollgate:kubernetes"] as Config, { rollout });
    });
  }

  /** What runs scorers, by kind and name. */
  async function workloads(): Promise<string> {
    const label = "app.kubernetes.io/name=scorer";
    const kinds = "deployments,rollouts";
    return (await staging.kubectl("get", kinds, "--selector", label, "--output", "name")).trim();
  }

  interface Standing {
    readonly pinned: string;
    readonly receipts: readonly string[];
    /** What `status` has to say at least; nothing at all when empty. */
    readonly drift: readonly RegExp[];
    /** The one version that callers get; null: not looked at. @default that of the last receipt */
    readonly served?: string | null;
  }

  /** Pin, receipts, alias, traffic and `status` all say the same. */
  async function assertStands({ pinned, receipts, drift, served }: Standing): Promise<void> {
    const last = receipts.at(-1)!;
    assert.deepEqual(staging.receipts(), receipts);
    assert.equal(await staging.alias(), last);
    if (served !== null) assert.deepEqual(await staging.served(), [served ?? last]);
    const status = await staging.status();
    assert.equal(status.pin?.version, pinned);
    assert.equal(status.lastReceipt?.pin.version, last);
    if (served !== null) assert.equal(status.serving.answer?.version, served ?? last);
    if (drift.length === 0) assert.deepEqual(status.drift, []);
    for (const expected of drift) {
      const said = status.drift.join("\n");
      assert.ok(
        status.drift.some((line) => expected.test(line)),
        `nothing of ${expected} in:\n${said}`,
      );
    }
  }

  function assertRefused(result: CommandResult, version: string, before: string): void {
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stderr, released(version, before));
  }

  function assertUnharmed(callers: Callers, versions: readonly string[]): void {
    console.log(said(callers));
    assert.equal(callers.usual.failed + callers.far.failed, 0, JSON.stringify(callers));
    assert.deepEqual(Object.keys(callers.usual.versions).sort(), versions);
  }

  /** Only those are harmed whose rows the version fails on, and not all of them. */
  function assertHarmedByV3(callers: Callers): void {
    console.log(said(callers));
    const { usual, far } = callers;
    assert.equal(usual.failed, 0, JSON.stringify(usual));
    assert.deepEqual(Object.keys(usual.versions).sort(), ["2", "3"]);
    assert.deepEqual(Object.keys(far.failures), ["status 500"]);
    assert.ok(far.versions["2"]! > 0, JSON.stringify(far));
  }

  function said({ usual, far }: Callers): string {
    const sent = usual.sent + far.sent;
    return `      ${sent} requests, ${usual.failed + far.failed} failed`;
  }

  /** Each metric of Argo's latest analysis, with how it ended. */
  async function lastAnalysis(): Promise<Record<string, string>> {
    const { items } = await staging.get<{ items: AnalysisRun[] }>("analysisruns");
    const time = ({ metadata }: AnalysisRun) => metadata.creationTimestamp;
    const last = [...items].sort((a, b) => (time(a) < time(b) ? -1 : 1)).at(-1);
    const metrics = last?.status.metricResults ?? [];
    return Object.fromEntries(metrics.map(({ name, phase }) => [name, phase]));
  }

  async function patchRollout(args: readonly string[], patch: object): Promise<void> {
    const type = ["--type", "merge", "--patch", JSON.stringify(patch)];
    await staging.kubectl("patch", "rollout", "scorer", ...args, ...type);
  }

  /** The pod template that a version was released with. */
  async function templateOf(version: string): Promise<object> {
    const selector = `${scorers},tollgate.dev/version=${version}`;
    const { items } = await staging.get<{ items: { spec: { template: Template } }[] }>(
      "replicasets",
      "--selector",
      selector,
    );
    const { metadata, spec } = items[0]!.spec.template;
    const labels = { ...metadata.labels };
    delete labels["rollouts-pod-template-hash"];
    return { metadata: { ...metadata, labels }, spec };
  }

  async function scaleController(replicas: number): Promise<void> {
    const count = `--replicas=${replicas}`;
    await cluster.kubectl([...controller, "scale", "deployment", "argo-rollouts", count]);
    if (replicas > 0) {
      const waiting = ["rollout", "status", "deployment/argo-rollouts", "--timeout=180s"];
      await cluster.kubectl([...controller, ...waiting]);
      return;
    }
    const pods = ["--for=delete", "pod", "--selector=app.kubernetes.io/name=argo-rollouts"];
    await cluster.kubectl([...controller, "wait", ...pods, "--timeout=180s"]);
  }
});

interface Template {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: object;
}

const scorers = "app.kubernetes.io/name=scorer";

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let asked = 0; asked < 600; asked += 1) {
    if (await isSo()) return;
    await sleep(200);
  }
  assert.fail(`it never came to this: ${what}`);
}
