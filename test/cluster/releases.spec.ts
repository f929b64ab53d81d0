// Releases under 100 requests a second: versions that go wrong in many ways beside one that serves, and many releases in a
// row. Real engine, registry, pods and NodePort; versions that go wrong are stand-ins (bad-scorer/scorer.py). Gates
// only advise, so that a version needs no evidence. Doesn't show what Argo Rollouts does.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Status } from "../../cli/status";
import type { Resources } from "../../config/settings";
import { testCluster, type TestCluster } from "../support/cluster";
import { clusterProject, type ClusterProject } from "../support/cluster-project";
import { type LoadResult, startLoad } from "../support/load";
import { type CommandResult, lightRegistry } from "../support/project";
import { badScorer } from "./bad-scorer/behaviours";

type Config = Record<string, unknown>;

const minutes = (n: number) => n * 60_000;
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];
/** Requests a second, each over a connection of its own. */
const perSecond = 100;
const stack = "staging";
/** Every second one is of a version that ends at once. 20 by TOLLGATE_RELEASES=20, which takes some minutes more. */
const releases = Number(process.env["TOLLGATE_RELEASES"] ?? 6);
/** A failed request to a version that goes wrong later is seen within these, and traffic is back within one more. */
const watchSeconds = 3;
/** How much longer a watch lasts at most that asks whose fault callers' failures are: 299 requests, 10 ms apart or more. */
const settlingSeconds = 10;
/** So that others who want the processor don't keep a scorer from answering. */
const enough: Resources = { cpu: "100m", memory: "400Mi" };
const lastWords = /version 2 of churn-model was not released: .*callers get version 1 as before$/;

/** A version that goes wrong. */
interface Case {
  readonly name: string;
  /** Image of the stand-in, by digest. */
  readonly image: () => string;
  /** What `up` says of it. */
  readonly reason: RegExp;
  /** Other settings of the release. */
  readonly change?: (config: Config) => void;
  /** Most requests of callers that may fail: 0 unless it goes wrong only when they have come. @default 0 */
  readonly mayFail?: number;
}

const cases: readonly Case[] = [
  {
    name: "doesn't start",
    image: () => badScorer("exits"),
    reason:
      /its pod scorer-\S+ ended with code 1 in container scorer: the model's file is not a model/,
  },
  {
    name: "never gets ready",
    image: () => badScorer("never_ready"),
    reason: /0 of 1 pods are available after 6 s \(tollgate:scorer\.startTimeoutSeconds\)/,
    change: (config) => (config["tollgate:scorer"] = { startTimeoutSeconds: 6 }),
  },
  {
    name: "is other bytes than the pinned ones",
    image: () => badScorer("other_digest"),
    reason: /its pod scorer-\S+ serves digest "sha256:0{64}", the pin says "sha256:[0-9a-f]{64}"/,
  },
  {
    name: "has no image",
    image: () => badScorer("exits").replace(/sha256:.*/, `sha256:${"0".repeat(64)}`),
    reason: /its pod scorer-\S+ can't get its image \(.+\)/,
  },
  {
    name: "is slow",
    image: () => badScorer("slow"),
    reason:
      /its pod scorer-\S+ has a P95 latency of ([\d.]+ ms(, )?){3} over 100 requests each, above the limit of 30 ms/,
    change: (config) => (config["tollgate:release"] = { maxP95Ms: 30 }),
  },
  {
    name: "answers 3 % of the requests with 500",
    image: () => badScorer("failing"),
    reason: /its pod scorer-\S+ answers 500 to POST \/predict after \d+ good answers/,
  },
  {
    name: "predicts NaN",
    image: () => badScorer("nan"),
    reason: /its pod scorer-\S+ answers POST \/predict with something that is not a JSON object/,
  },
  {
    name: "answers 3 % of the requests with 500 once callers have come",
    image: () => badScorer("failing_later"),
    reason: /\d+ of \d+ requests failed \([\d.]+ %; tollgate:release\.maxErrorRate allows 1 %\)/,
    mayFail: Math.ceil((perSecond * (watchSeconds + settlingSeconds + 1)) / 33),
  },
];

/**
 * Comes last: while its only pod is down, callers are refused, and Linux refuses a caller again who takes the same port of
 * this machine within the next two minutes (a connection that it tracks without a pod to lead to).
 */
const crash: Case = {
  name: "crashes once callers have come",
  image: () => badScorer("crashes"),
  reason:
    /(its pod scorer-\S+ (is gone|is not ready any more|ended and was started again)|\d+ of \d+ requests failed)/,
  mayFail: perSecond * (watchSeconds + 1),
};

/** What `status --json` says, as far as it is read here. */
type Facts = Pick<Status, "lastReceipt" | "serving" | "registry" | "drift">;

describe("releases in a cluster, under load", function () {
  this.timeout(minutes(6));
  let cluster: TestCluster;
  let project: ClusterProject;
  /** Each version as a stack file pins it. */
  const pins: Record<string, string> = {};
  /** The stack file with version 1, which serves. */
  let good: Config;
  const must = (...args: string[]) => project.project.must(...args, "--stack", stack);
  const up = () => project.project.tollgate(["up", "--stack", stack]);

  before(async function () {
    this.timeout(minutes(10));
    cluster = testCluster();
    project = await clusterProject(cluster, [stack], (config) => {
      config["tollgate:scorer"] = { startTimeoutSeconds: 240 };
      config["tollgate:release"] = { watchSeconds };
      config["tollgate:gates"] = { level: "advisory" };
      lightRegistry(config);
      askFor(config, enough);
    });
    await must("up");
    await must("train");
    await must("train", "--param", "n_estimators=120");
    for (const version of ["2", "1"]) {
      await must("pin", version);
      project.project.configure(stack, (config) => {
        good = config;
        pins[version] = config["tollgate:pin"] as string;
      });
    }
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await project.diagnosis(stack));
  });
  after(async function () {
    this.timeout(minutes(5));
    await project?.dispose();
  });

  it("sends callers nowhere when the very first version goes wrong after the switch, and to the next good one", async () => {
    // Nobody calls: who is refused now would be refused again within two minutes, as said above.
    // The watch alone asks, and on a busy machine it takes a while to ask as often as that version answers.
    pinStandIn(crash.image(), (config) => {
      Object.assign(config["tollgate:release"] as Config, { watchSeconds: 20 });
    });
    const result = await up();
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(lastLine(result), crash.reason);
    assert.match(
      lastLine(result),
      /callers get no answer as before, for no version was released here$/,
    );
    assert.deepEqual(await endpoints(), []);
    assert.equal((await status()).serving.answer, null);
    pin("1");
    await must("up");
    assert.equal((await endpoints()).length, 1);
    assert.equal((await status()).serving.answer?.version, "1");
  });

  it(`fails no request in ${releases} releases, half of them of a version that ends at once when it is told to`, async function () {
    this.timeout(minutes(20));
    const { seen } = await underLoad(async () => {
      for (let release = 1; release <= releases; release += 1) {
        if (release % 2 === 1) pinStandIn(badScorer("ends_at_once"), shortly);
        else pin("1", shortly);
        await must("up");
      }
    });
    console.log(`      ${releases} releases: ${figures(seen)}`);
    assert.equal(seen.failed, 0, JSON.stringify(seen));
    assert.deepEqual(Object.keys(seen.versions).sort(), ["1", "2"]);
    assert.equal((await status()).lastReceipt?.pin.version, "1");
    assert.equal((await scorers("deployments")).length, 1);
  });

  cases.forEach(itKeepsCallers);

  it("takes all that bad releases left away with the next good one", async () => {
    assert.equal((await scorers("deployments")).length, 1 + cases.length);
    pin("1");
    const { seen, result } = await underLoad(up);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(seen.failed, 0, JSON.stringify(seen));
    assert.equal((await scorers("deployments")).length, 1);
    await onePodLeft();
    assert.deepEqual((await status()).drift, []);
  });

  itKeepsCallers(crash);

  function itKeepsCallers({ name, image, reason, change, mayFail = 0 }: Case): void {
    const callers = mayFail > 0 ? "puts callers back to" : "keeps callers at";
    it(`${callers} the old version when the new one ${name}`, async () => {
      const { lastReceipt } = await status();
      pinStandIn(image(), change);
      const { seen, result } = await underLoad(up);
      const sentence = lastLine(result);
      console.log(`      ${figures(seen)}\n      ${sentence}`);

      assert.equal(result.code, 1, result.stdout + result.stderr);
      assert.match(sentence, reason);
      assert.match(sentence, lastWords);
      assert.ok(seen.failed <= mayFail, JSON.stringify(seen));
      if (mayFail === 0) assert.deepEqual(Object.keys(seen.versions), ["1"]);
      const after = await status();
      assert.deepEqual(after.lastReceipt, lastReceipt);
      assert.equal(after.registry.alias.version, "1");
      assert.equal(after.serving.answer?.version, "1");
      const pinned = after.drift.find((line) => line.includes("is pinned, but"));
      assert.match(pinned ?? "", /version 2 .* is pinned, but .*version 1 .* was released last/);
    });
  }

  /** Addresses that the Service leads to. */
  async function endpoints(): Promise<string[]> {
    const { items } = await cluster.get<{
      items: { endpoints?: { addresses: string[] }[] | null }[];
    }>(
      "endpointslices",
      ...["--namespace", project.namespaces[stack]!],
      ...["--selector", "kubernetes.io/service-name=scorer"],
    );
    const slices = items.flatMap((slice) => slice.endpoints ?? []);
    return slices.flatMap(({ addresses }) => addresses);
  }

  /** Pins a version in the stack file as it was when version 1 was released first. */
  function pin(version: string, change: (config: Config) => void = () => {}): void {
    project.project.configure(stack, (config) => {
      for (const key of Object.keys(config)) delete config[key];
      Object.assign(config, structuredClone(good), { "tollgate:pin": pins[version] });
      change(config);
    });
  }

  /** Pins version 2, with an image that stands for it. */
  function pinStandIn(modelImage: string, change: (config: Config) => void = () => {}): void {
    pin("2", (config) => {
      Object.assign(config["tollgate:kubernetes"] as Config, { modelFrom: "image", modelImage });
      // All of them stay until the next good release.
      askFor(config, { cpu: "25m", memory: "64Mi" });
      change(config);
    });
  }

  /** Gives what callers saw meanwhile, and shortly before and after. */
  async function underLoad<T>(work: () => Promise<T>): Promise<{ seen: LoadResult; result: T }> {
    const load = startLoad(project.url(stack), { features: row, perSecond });
    const answers = async (more: number) => {
      const { sent } = load.seen();
      while (load.seen().sent < sent + more) await sleep(50);
    };
    try {
      await answers(perSecond / 2);
      const result = await work();
      await answers(perSecond / 2);
      return { seen: await load.stop(), result };
    } catch (error) {
      console.log(`      ${figures(await load.stop())}`);
      throw error;
    }
  }

  async function status(): Promise<Facts> {
    return JSON.parse((await must("status", "--json")).stdout) as Facts;
  }

  /** Names of the scorers' objects. */
  async function scorers(kind: "deployments" | "pods"): Promise<string[]> {
    const which = ["--selector", "app.kubernetes.io/name=scorer", "--output", "name"];
    return (await project.kubectl(stack, "get", kind, ...which)).trim().split("\n");
  }

  /** The cluster takes pods away some seconds after the Deployment that they belong to. */
  async function onePodLeft(): Promise<void> {
    while ((await scorers("pods")).length !== 1) await sleep(500);
  }
});

function askFor(config: Config, scorer: Resources): void {
  const { resources } = config["tollgate:kubernetes"] as { resources: Record<string, Resources> };
  resources["scorer"] = scorer;
}

/** A release of one that is good, and meant to serve for a while. */
function shortly(config: Config): void {
  askFor(config, enough);
  config["tollgate:release"] = { ...(config["tollgate:release"] as Config), watchSeconds: 1 };
}

/** What a command that failed said last: its reason. */
function lastLine({ stderr }: CommandResult): string {
  return stderr.trimEnd().split("\n").at(-1) ?? "";
}

function figures({ sent, failed, versions, failures }: LoadResult): string {
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([what, count]) => `${what}: ${count}`)
      .join(", ");
  const failedBy = failed > 0 ? ` (${counted(failures)})` : "";
  return `${sent} requests, ${failed} failed${failedBy}; answers by version ${counted(versions)}`;
}
