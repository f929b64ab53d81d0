// A production environment that an older Tollgate deployed, with PostgreSQL and S3, signed evidence and approvals: today's
// code brings it forward by one `up`. The older code really runs, from this repository's history.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { startLoad } from "../support/load";
import { olderTollgate } from "../support/older-tollgate";
import { TestProject } from "../support/project";
import { notKept, recordedResources, type RecordedResource } from "../support/resources";

const minutes = (n: number) => n * 60_000;
const stack = "prod";
const features = Array.from({ length: 30 }, () => 0.5);

describe("an environment that an older Tollgate deployed", function () {
  this.timeout(minutes(4));
  let project: TestProject;
  let keys: string;
  let recorded: RecordedResource[];
  let receipts: string;

  const url = () => `http://127.0.0.1:${project.ports[stack]!.scorer}`;
  const must = (...args: string[]) => project.must(...args, "--stack", stack);
  const readReceipts = () =>
    fs.readFileSync(path.join(project.stateDir(stack), "receipts.jsonl"), "utf8");

  before(async function () {
    // The first time, an older Python environment and older npm packages are installed.
    this.timeout(minutes(10));
    const older = await olderTollgate();
    const change = (config: Record<string, unknown>) => {
      config["tollgate:gates"] = { soak: { level: "disabled" } };
      config["tollgate:scorer"] = { ...(config["tollgate:scorer"] as object), replicas: 1 };
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
    };
    project = await TestProject.create("breast-cancer", [stack], change, older);
    keys = fs.mkdtempSync(`${project.dir}-keys-`);
    const key = (name: string) => ["--key", path.join(keys, name)];
    await must("signer", "create", "mira@example.com", ...key("mira"), "--for", "evidence");
    await must("signer", "create", "ana@example.com", ...key("ana"), "--for", "approval");
    await must("signer", "create", "ben@example.com", ...key("ben"), "--for", "approval");
    await must("pack", "--record");
    project.commit("Say who may sign, and which gates judge");
    await must("up");
    await must("train");
    await must("evaluate", ...key("mira"));
    await must("pin", "1");
    await must("approve", ...key("ana"));
    await must("approve", ...key("ben"));
    project.commit("Serve version 1");
    await must("up");
    recorded = await recordedResources(project, stack);
    receipts = readReceipts();
    project.upgrade();
    project.commit("Take a newer Tollgate");
  });
  after(async () => {
    // There is none where the older code can't be had.
    await project?.dispose();
    if (keys) fs.rmSync(keys, { recursive: true, force: true });
  });

  it("is shown as it is, without drift", async () => {
    await must("status", "--check");
  });

  it("changes nothing until the newer gates are recorded", async () => {
    const refused = await project.tollgate(["up", "--stack", stack]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stdout, /`tollgate pack --record`/);
    assert.deepEqual(await recordedResources(project, stack), recorded);
  });

  it("is brought forward by one up that makes nothing anew which holds data or is recorded", async () => {
    await must("pack", "--record");
    project.commit("Judge by the newer gates");
    const load = startLoad(url(), { perSecond: 20, features });
    const seen = await must("up")
      .finally(() => load.stop())
      .then(() => load.seen());
    const after = await recordedResources(project, stack);

    const madeAnew = notKept(recorded, after);
    // Scorers are named by all that they are started with, and so are their checks: other ones take over from them.
    const ofScorers = madeAnew.filter(
      ({ name }) =>
        name.startsWith("model-serving-scorer-") || name.startsWith("model-serving-check-"),
    );
    assert.deepEqual(madeAnew, ofScorers);
    assert.equal(ofScorers.length, 2);

    // Callers got the version they had. While the router was started anew, with newer files, they got no connection, or lost it.
    assert.deepEqual(Object.keys(seen.versions), ["1"]);
    const answered = Object.keys(seen.failures).filter((failure) =>
      /^(status|prediction) /.test(failure),
    );
    assert.deepEqual(answered, []);
    const gapMs = Date.parse(seen.failedTo ?? "") - Date.parse(seen.failedFrom ?? "");
    assert.ok(!(gapMs > 10_000), JSON.stringify(seen));
  });

  it("has nothing left to do, and its history as it was", async () => {
    const again = await must("up", "--json");
    assert.deepEqual((JSON.parse(again.stdout) as { changes: unknown[] }).changes, []);
    await must("status", "--check");
    assert.equal(readReceipts(), receipts);
    const found = await project.askRegistry(
      stack,
      "/api/2.0/mlflow/registered-models/alias?name=breast-cancer&alias=production",
    );
    const { model_version } = (await found.json()) as { model_version: { version: string } };
    assert.equal(model_version.version, "1");
  });

  it("can be destroyed, and keeps its data", async () => {
    await must("destroy");
    assert.deepEqual(await recordedResources(project, stack), []);
    const data = fs.readdirSync(path.join(project.stateDir(stack), "data"), { recursive: true });
    assert.ok(data.some((file) => path.basename(String(file)) === "PG_VERSION"));
    assert.equal(readReceipts(), receipts);
  });
});
