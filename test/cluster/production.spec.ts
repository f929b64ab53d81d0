// Production in a cluster: a database and a store that are kept elsewhere, two scorers with hard limits, evidence that is
// signed, a soak in another namespace, approvals, a release and a rollback under load. One project, in order.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { Status } from "../../cli/status";
import type { Verdict } from "../../policies/gate";
import { names } from "../../runtimes/kubernetes/names";
import { testCluster, type TestCluster } from "../support/cluster";
import { clusterProject, type ClusterProject } from "../support/cluster-project";
import { unharmed } from "../support/load";
import { type CommandResult, lightRegistry } from "../support/project";
import { type Elsewhere, keepElsewhere, secret } from "./production/elsewhere";

const minutes = (n: number) => n * 60_000;
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];
const databaseSecret = "mlflow-database";
const storeSecret = "mlflow-artifacts";
const approvers = ["ana", "ben"];
const trainingData = "data/staging/train.csv";
/** A soak of less than a second: what counts here is where it is looked up. */
const soak = { stack: "staging", hours: 0.0001 };

interface Pod {
  readonly spec: {
    readonly containers: readonly {
      readonly resources: Readonly<
        Record<"limits" | "requests", Record<string, string> | undefined>
      >;
    }[];
  };
}

describe("production in a cluster", function () {
  this.timeout(minutes(10));
  let cluster: TestCluster;
  let elsewhere: Elsewhere;
  let made: ClusterProject;
  const file = (...parts: string[]) => path.join(made.project.dir, ...parts);
  const key = (name: string) => file(".tollgate", "keys", name);
  const must = (...args: string[]) => made.project.must(...args);
  const up = () => made.project.tollgate(["up", "--stack", "prod"]);

  before(async () => {
    cluster = testCluster();
    elsewhere = await keepElsewhere(cluster);
    made = await clusterProject(cluster, ["staging", "prod"], (config, stack) => {
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
      config["tollgate:scorer"] = { startTimeoutSeconds: 240 };
      if (stack === "staging") {
        lightRegistry(config);
        return;
      }
      const { resources } = config["tollgate:kubernetes"] as { resources: Record<string, object> };
      // Hard limits hold while it starts as well, and four of them run during a release.
      resources["scorer"] = { cpu: "200m", memory: "400Mi" };
      resources["trackingServer"] = { cpu: "250m", memory: "900Mi" };
      config["tollgate:database"] = { secret: databaseSecret };
      config["tollgate:artifactStore"] = {
        secret: storeSecret,
        bucket: "churn-prod",
        endpoint: elsewhere.store,
      };
      config["tollgate:gates"] = { soak };
      // What the version that is taken over was trained on: so that its evidence can say that no row leaked.
      config["tollgate:train"] = { ...(config["tollgate:train"] as object), data: trainingData };
    });
    mkdirSync(file(".tollgate", "keys"), { recursive: true });
    const signers = { mira: "training,evidence", ana: "approval,waiver", ben: "approval,waiver" };
    for (const [name, purposes] of Object.entries(signers)) {
      const made = ["--key", key(name), "--for", purposes, "--stack", "prod"];
      await must("signer", "create", `${name}@example.com`, ...made);
    }
    await must("pack", "--record", "--stack", "prod");
    made.project.commit("Name who may sign, and the gates that were reviewed");
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.log(await made.diagnosis("prod"));
    throw new Error("The cases after this one go on from it, so they are left out.");
  });
  after(async () => {
    await made?.dispose();
    if (elsewhere) await cluster.kubectl(["delete", "namespace", elsewhere.namespace]);
  });

  it("names the Secrets that somebody has to make, and makes nothing that needs them", async () => {
    const result = await up();
    assert.equal(result.code, 1, printed(result));
    const namespace = made.namespaces["prod"]!;
    const said = result.stderr.split("\n").filter((line) => line.includes("-secret: "));
    assert.deepEqual(
      said.map((line) => line.replace(/^.*-secret: /, "")),
      [
        `there is no Secret ${databaseSecret} in namespace ${namespace}: make it with the key url; ` +
          `there is no Secret ${storeSecret} in namespace ${namespace}: make it with the keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; ` +
          "then run `up` again",
      ],
      printed(result),
    );
    const workloads = await made.kubectl("prod", "get", "pods", "--output", "name");
    assert.equal(workloads, "");
  });

  it("runs MLflow on the database and the store that those Secrets name", async () => {
    const namespace = made.namespaces["prod"]!;
    const url = `postgresql://mlflow:${elsewhere.databasePassword}@${elsewhere.database}/mlflow`;
    const items = [
      secret(namespace, databaseSecret, { url }),
      secret(namespace, storeSecret, {
        AWS_ACCESS_KEY_ID: elsewhere.storeKey,
        AWS_SECRET_ACCESS_KEY: elsewhere.storeSecret,
      }),
    ];
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await cluster.kubectl(["apply", "--filename", "-"], list);
    await must("up", "--stack", "prod");
    const sets = await made.kubectl("prod", "get", "statefulsets,persistentvolumeclaims,cronjobs");
    assert.equal(sets, "");
  });

  it("takes a version over from staging, byte for byte, and wants two approvals of it", async () => {
    await must("up", "--stack", "staging");
    await must("train", "--stack", "staging", "--key", key("mira"));
    await must("evaluate", "--stack", "staging");
    await must("pin", "--stack", "staging");
    await must("up", "--stack", "staging");
    await promote();
    assert.equal(pinnedDigest("prod"), pinnedDigest("staging"));
    await assertRefused(/approvals: churn-model v1 has 0 of 2 approvals/);
  });

  it("counts the soak of an environment whose receipts only the cluster has", async () => {
    rmSync(made.project.stateDir("staging"), { recursive: true, force: true });
    await approve();
    const preview = await must("preview", "--stack", "prod", "--json");
    const { verdicts } = JSON.parse(preview.stdout) as { verdicts: Verdict[] };
    const soaked = verdicts.find(({ gate }) => gate === "soak");
    assert.equal(soaked?.passed, true, JSON.stringify(soaked));
    assert.match(soaked.reason, /churn-model v1 served in staging for [\d.e-]+ h/);
  });

  it("serves it by two scorers with hard limits, marked in the registry", async () => {
    made.project.commit("Serve version 1 in production");
    await must("up", "--stack", "prod");
    const { items } = await cluster.get<{ items: Pod[] }>(
      ...["pods", "--namespace", made.namespaces["prod"]!],
      ...["--selector", `app.kubernetes.io/name=${names.scorer}`],
    );
    assert.equal(items.length, 2);
    for (const { spec } of items) {
      for (const { resources } of spec.containers) {
        assert.ok(resources.limits?.["memory"], JSON.stringify(resources));
        assert.deepEqual(resources.limits, resources.requests);
      }
    }
    await assertServes("1");
    assert.match(await made.kubectl("prod", "get", "all"), /deployment.apps\/scorer-/);
  });

  it("releases the next version and goes back, and no request of 100 a second fails", async () => {
    const signed = ["--key", key("mira")];
    await must("train", "--stack", "staging", "--param", "n_estimators=120", ...signed);
    await must("evaluate", "--stack", "staging");
    await must("pin", "2", "--stack", "staging");
    await must("up", "--stack", "staging");
    await promote();
    await approve();
    made.project.commit("Serve version 2 in production");
    const seen = await unharmed(made.url("prod"), { features: row }, async () => {
      await must("up", "--stack", "prod");
      await assertServes("2");
      await must("rollback", "--stack", "prod");
      await assertServes("1");
    });
    console.log(`      ${seen.sent} requests, ${seen.failed} failed`);
    assert.deepEqual(Object.keys(seen.versions).sort(), ["1", "2"]);
  });

  it("has the password of the database neither in the state nor in a file of the project folder", async () => {
    const state = await made.project.pulumi(["stack", "export", "--stack", "prod"]);
    assert.equal(state.code, 0, state.stderr);
    const entries = readdirSync(made.project.dir, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), "latin1"));
    for (const text of [state.stdout, ...files]) {
      assert.ok(!text.includes(elsewhere.databasePassword), "the password is in plain sight");
    }
  });

  const promote = () =>
    must("promote", "--from", "staging", "--to", "prod", "--model", "--key", key("mira"));

  async function approve(): Promise<void> {
    for (const name of approvers) await must("approve", "--stack", "prod", "--key", key(name));
  }

  function pinnedDigest(stack: string): string {
    const text = made.project.git("diff", "HEAD", "--", `Pulumi.${stack}.yaml`);
    return /^\+ {2}tollgate:pin: "?\d+@(sha256:[0-9a-f]{64})/m.exec(text)![1]!;
  }

  async function assertRefused(why: RegExp): Promise<void> {
    const result = await up();
    assert.equal(result.code, 2, printed(result));
    assert.match(printed(result), why);
  }

  /** Callers and registry agree, and nothing has drifted. */
  async function assertServes(version: string): Promise<void> {
    const status = JSON.parse((await must("status", "--stack", "prod", "--json")).stdout) as Status;
    assert.equal(status.serving.answer?.version, version);
    assert.equal(status.registry.alias.version, version);
    assert.deepEqual(status.drift, []);
  }
});

function printed({ stdout, stderr }: CommandResult): string {
  return stdout + stderr;
}
