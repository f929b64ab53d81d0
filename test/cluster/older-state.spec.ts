// An environment that an older Tollgate deployed in a cluster, with its own image: today's code brings it forward by one
// `up`, its database's schema too. The older code really runs, from this repository's history.
import assert from "node:assert/strict";
import { migrationName } from "../../runtimes/kubernetes/manifests/migration";
import { imageVariable, olderImage, testCluster, type TestCluster } from "../support/cluster";
import { clusterProject, type ClusterProject } from "../support/cluster-project";
import { unharmed } from "../support/load";
import { olderTollgate } from "../support/older-tollgate";
import { notKept, recordedResources, type RecordedResource } from "../support/resources";

const minutes = (n: number) => n * 60_000;
const stack = "staging";
const features = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];

type Config = Record<string, unknown>;

describe("an environment that an older Tollgate deployed in a cluster", function () {
  this.timeout(minutes(10));
  let cluster: TestCluster;
  let staging: ClusterProject;
  let recorded: RecordedResource[];
  let objects: Record<string, string>;

  const must = (...args: string[]) => staging.project.must(...args, "--stack", stack);

  /** Who an object is to the cluster, of all that holds data or is recorded, or that callers and pods come by. */
  async function uids(): Promise<Record<string, string>> {
    const list = (...of: string[]) =>
      cluster.get<{ items: { kind: string; metadata: { name: string; uid: string } }[] }>(
        ...of,
        "--namespace",
        staging.namespaces[stack]!,
      );
    const [others, receipts] = await Promise.all([
      list("persistentvolumeclaims,statefulsets,services,secrets,serviceaccounts"),
      list("configmaps", "--selector", "tollgate.dev/receipt"),
    ]);
    assert.equal(receipts.items.length, 1);
    return Object.fromEntries(
      [...others.items, ...receipts.items].map(({ kind, metadata }) => [
        `${kind} ${metadata.name}`,
        metadata.uid,
      ]),
    );
  }

  function serveBy(image: string): void {
    staging.project.configure(stack, (config) => {
      const kubernetes = config["tollgate:kubernetes"] as Config;
      (kubernetes["images"] as Config)["tollgate"] = image;
    });
  }

  before(async () => {
    cluster = testCluster();
    const older = process.env[imageVariable(olderImage)]!;
    staging = await clusterProject(cluster, [stack], () => {}, await olderTollgate());
    serveBy(older);
    staging.project.commit("Serve by the older image");
    await must("up");
    await must("train");
    await must("evaluate");
    await must("pin", "1");
    staging.project.commit("Serve version 1");
    await must("up");
    recorded = await recordedResources(staging.project, stack);
    objects = await uids();
    staging.project.upgrade();
    staging.project.commit("Take a newer Tollgate");
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.log(await staging.diagnosis(stack));
  });
  after(() => staging.dispose());

  it("is brought forward by one up that makes nothing anew which holds data or is recorded", async () => {
    serveBy(cluster.images.tollgate);
    staging.project.commit("Serve by the newer image");
    const seen = await unharmed(staging.url(stack), { features }, () => must("up"));
    assert.deepEqual(Object.keys(seen.versions), ["1"]);
    const now = await uids();
    assert.deepEqual(
      Object.entries(objects).filter(([name, uid]) => now[name] !== uid),
      [],
    );
    const after = await recordedResources(staging.project, stack);
    // By design of another name each time: the Job by what it runs, and the Deployment of scorers by what its pods start with.
    const madeAnew = notKept(recorded, after).map(({ name }) => name.replace(/[0-9a-f]{8}$/, "…"));
    assert.deepEqual(madeAnew.sort(), [
      "model-serving-deployment-scorer-…",
      "tracking-server-database-job-tracking-server-migrate-…",
    ]);
  });

  it("brings the schema of its database forward, after a dump", async () => {
    const newest = ["--sort-by", ".metadata.creationTimestamp", "--output", "name"];
    const jobs = await staging.kubectl(stack, "get", "jobs", ...newest);
    const migration = jobs
      .split("\n")
      .filter((name) => name.includes(migrationName))
      .at(-1)!;
    const log = (container: string) =>
      staging.kubectl(stack, "logs", migration, "--container", container);
    assert.match(await log("backup"), /^Backup \/backup\/before-migration-/m);
    assert.match(await log("migrate"), /"migrations": [1-9]/);
  });

  it("has nothing left to do, no drift, and its mark in the registry", async () => {
    const again = await must("up", "--json");
    assert.deepEqual((JSON.parse(again.stdout) as { changes: unknown[] }).changes, []);
    await must("status", "--check");
    assert.equal(await staging.alias(stack), "1");
  });
});
