// The main road in a cluster, on the real engine, MLflow, PostgreSQL, S3 and scorers as pods: from an empty namespace to a
// served version, the next one under load, back, and away. One environment, in order.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { names } from "../../runtimes/kubernetes/names";
import { testCluster, type TestCluster } from "../support/cluster";
import { clusterProject, type ClusterProject } from "../support/cluster-project";
import { registryPort } from "../support/cluster-registry";
import { unharmed } from "../support/load";

const minutes = (n: number) => n * 60_000;
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];

/** What a data scientist's own pod would run. */
const client = `
import json, mlflow, pandas
model = mlflow.pyfunc.load_model("models:/churn-model@staging")
names = model.metadata.get_input_schema().input_names()
print(json.dumps([float(value) for value in model.predict(pandas.DataFrame([${JSON.stringify(row)}], columns=names))]))
`;

interface Health {
  readonly version: string;
  readonly digest: string;
}

describe("a stack in a cluster", function () {
  this.timeout(minutes(10));
  let cluster: TestCluster;
  let staging: ClusterProject;
  const health = async () =>
    (await (await fetch(`${staging.url("staging")}/health`)).json()) as Health;
  const must = (...args: string[]) => staging.project.must(...args, "--stack", "staging");
  const pinned = () => staging.project.git("diff", "HEAD", "--", "Pulumi.staging.yaml");

  /** Trains, judges and pins a version. */
  async function candidate(version: string, ...parameters: string[]): Promise<void> {
    await must("train", ...parameters);
    await must("evaluate");
    await must("pin", version);
  }

  async function predictions(): Promise<number[]> {
    const answer = await fetch(`${staging.url("staging")}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ features: [row] }),
    });
    return ((await answer.json()) as { predictions: number[] }).predictions;
  }

  before(async () => {
    cluster = testCluster();
    staging = await clusterProject(cluster, ["staging"]);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await staging.diagnosis("staging"));
  });
  after(() => staging.dispose());

  it("has a registry, its database and its store, and no scorer, before anything is pinned", async () => {
    await must("up");
    const pods = await staging.kubectl("staging", "get", "pods", "--output", "name");
    for (const name of [names.trackingServer, names.database, names.artifactStore]) {
      assert.match(pods, new RegExp(`pod/${name}-`));
    }
    assert.doesNotMatch(pods, /pod\/scorer/);
  });

  it("serves the pinned digest on its NodePort", async () => {
    await candidate("1");
    await must("up");
    const served = await health();
    assert.equal(served.version, "1");
    assert.match(pinned(), new RegExp(`tollgate:pin: "?1@${served.digest}`));
    assert.equal((await predictions()).length, 1);
  });

  it("is marked in the registry, where a client's pod loads the same model by the alias", async () => {
    assert.equal(await staging.alias("staging"), "1");
    const printed = await runClient(cluster, staging.namespaces["staging"]!);
    assert.deepEqual(JSON.parse(printed), await predictions());
  });

  it("admits all of its pods under Pod Security restricted, with images by digest", async () => {
    const { metadata } = await cluster.get<{ metadata: { labels: Record<string, string> } }>(
      "namespace",
      staging.namespaces["staging"]!,
    );
    assert.equal(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
    const images = await staging.kubectl(
      "staging",
      "get",
      "pods",
      "--output",
      "jsonpath={.items[*].spec.containers[*].image}",
    );
    for (const image of images.split(" ")) assert.match(image, /@sha256:[0-9a-f]{64}$/);
  });

  it("has no drift, and nothing to do in a second preview and up", async () => {
    const status = await must("status", "--check", "--json");
    assert.deepEqual((JSON.parse(status.stdout) as { drift: string[] }).drift, []);
    const arguments_ = ["preview", "--stack", "staging", "--expect-no-changes"];
    const preview = await staging.project.pulumi(arguments_);
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    const before = await generations();
    await must("up");
    assert.deepEqual(await generations(), before);
  });

  it("releases the next version without a failed request", async () => {
    staging.project.commit("Pin churn-model v1");
    await candidate("2", "--param", "n_estimators=120");
    await underLoad(() => must("up"));
    assert.equal((await health()).version, "2");
    assert.equal(await staging.alias("staging"), "2");
  });

  it("goes back to the last good version without a failed request", async () => {
    staging.project.commit("Pin churn-model v2");
    await underLoad(() => must("rollback"));
    assert.equal((await health()).version, "1");
    assert.equal(await staging.alias("staging"), "1");
    assert.match(pinned(), /tollgate:pin: "?1@/);
    const status = await must("status", "--check", "--json");
    assert.deepEqual((JSON.parse(status.stdout) as { drift: string[] }).drift, []);
  });

  it("shows scorers that were changed or undone by hand as drift, and puts them right for nobody to notice", async () => {
    const [deployment] = await scorers();
    const byHand = /^container scorer of Deployment scorer-\w+ has other variables \(BY_HAND\)/m;
    await staging.kubectl("staging", "set", "env", deployment!, "--containers=scorer", "BY_HAND=1");
    assert.match((await drift()).join("\n"), byHand);
    const { stderr } = await must("up");
    assert.match(stderr, /^Taking BY_HAND away from container scorer of Deployment scorer-\w+/m);
    assert.deepEqual(await drift(), []);
    // Back to what was set by hand.
    await staging.kubectl("staging", "rollout", "undo", deployment!);
    assert.match((await drift()).join("\n"), byHand);
    await underLoad(() => must("up"), ["1"]);
    assert.deepEqual(await drift(), []);
  });

  it("leaves one workload of scorers, with ready pods of one version", async () => {
    const deployments = await scorers();
    assert.equal(deployments.length, 1, deployments.join(", "));
  });

  it("keeps database, bytes and receipts through destroy, from which up serves the same version again", async () => {
    const receipts = () =>
      staging.kubectl("staging", ...namesOf("configmaps", "tollgate.dev/receipt"));
    const before = await receipts();
    const { stdout } = await must("destroy");
    assert.match(stdout, /^Kept volumes .*data.* and Secrets .* and 3 receipts in namespace /m);
    const gone = ["wait", "--for=delete", "pods", "--all", "--timeout=60s"];
    await staging.kubectl("staging", ...gone);
    assert.equal(await receipts(), before);
    await must("up");
    assert.equal((await health()).version, "1");
    assert.equal(await staging.alias("staging"), "1");
  });

  it("leaves nothing in the cluster after destroy --delete-data, and its receipts on this machine", async () => {
    const namespace = staging.namespaces["staging"]!;
    const { stdout } = await must("destroy", "--delete-data");
    assert.match(
      stdout,
      new RegExp(`^Deleted namespace ${namespace} with all that was in it\\.$`, "m"),
    );
    assert.equal(await cluster.kubectl(["get", "namespace", namespace, "--ignore-not-found"]), "");
    const volumes = await cluster.kubectl(["get", "persistentvolumes", "--output", "json"]);
    assert.ok(!volumes.includes(`"${namespace}"`), volumes);
    const kept = path.join(staging.project.stateDir("staging"), "receipts.jsonl");
    assert.equal(fs.readFileSync(kept, "utf8").trim().split("\n").length, 3);
  });

  function namesOf(kind: string, label: string): string[] {
    return ["get", kind, "--selector", label, "--output", "name"];
  }

  /** Deployments of scorers, as kubectl names them. */
  async function scorers(): Promise<string[]> {
    const label = `app.kubernetes.io/name=${names.scorer}`;
    const listed = await staging.kubectl("staging", ...namesOf("deployments", label));
    return listed.trim().split("\n");
  }

  async function drift(): Promise<string[]> {
    const { stdout } = await must("status", "--json");
    return (JSON.parse(stdout) as { drift: string[] }).drift;
  }

  /** Callers send requests meanwhile, of which none may fail, and get these versions. */
  async function underLoad(work: () => Promise<unknown>, versions = ["1", "2"]): Promise<void> {
    const seen = await unharmed(staging.url("staging"), { features: row }, work);
    assert.deepEqual(Object.keys(seen.versions).sort(), versions);
  }

  /** How often each object's specification was changed. */
  async function generations(): Promise<Record<string, number>> {
    const { items } = await cluster.get<{
      items: { kind: string; metadata: { name: string; generation?: number } }[];
    }>(
      "deployments,statefulsets,services,configmaps,networkpolicies,jobs",
      "--namespace",
      staging.namespaces["staging"]!,
    );
    return Object.fromEntries(
      items.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.generation ?? 0]),
    );
  }
});

/** Runs a pod of the kind a user would write, under the namespace's own rules, and gives the last line it printed. */
async function runClient(cluster: TestCluster, namespace: string): Promise<string> {
  const inIt = ["--namespace", namespace];
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "client", namespace },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "client",
              image: cluster.images.tollgate,
              command: ["python", "-c", client],
              env: [
                {
                  name: "MLFLOW_TRACKING_URI",
                  value: `http://${names.trackingServer}:${registryPort}`,
                },
              ],
              envFrom: [{ secretRef: { name: "registry-credentials", optional: true } }],
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
        },
      },
    },
  };
  await cluster.kubectl(["apply", "--filename", "-"], JSON.stringify(job));
  await cluster.kubectl([
    ...inIt,
    "wait",
    "--for=condition=Complete",
    "job/client",
    "--timeout=120s",
  ]);
  const log = await cluster.kubectl([...inIt, "logs", "job/client"]);
  await cluster.kubectl([...inIt, "delete", "job", "client"]);
  return log.trim().split("\n").at(-1)!;
}
