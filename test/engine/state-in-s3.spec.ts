// What the engine makes of its state in a real S3 store that isn't Amazon's.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { runEngine } from "../../cli/engine/run";
import { engineProject, type EngineProject } from "../cli/support/engine-project";
import { type S3Server, startS3 } from "../registry/s3-server";
import { testPython } from "../support/mlflow";

describe("a stack whose state is in S3 of SeaweedFS", function () {
  this.timeout(4 * 60_000);
  const before_ = { ...process.env };
  let folder: string;
  let store: S3Server;
  let project: EngineProject;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-state-"));
    store = await startS3(folder, await testPython());
    Object.assign(process.env, store.environment);
    const endpoint = store.environment["MLFLOW_S3_ENDPOINT_URL"]!;
    const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: "state" }));
    client.destroy();
    project = engineProject();
    const host = endpoint.replace("http://", "");
    const url = `s3://state?endpoint=${host}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1`;
    const file = path.join(project.dir, "Pulumi.yaml");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("file://./state", url));
  });
  after(async () => {
    for (const name of Object.keys(store.environment)) {
      if (before_[name] === undefined) delete process.env[name];
      else process.env[name] = before_[name];
    }
    project.remove();
    await store.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it("is told why it can't be changed, in sentences with what to do", async () => {
    const settings = await project.context.settings();
    const error: unknown = await runEngine(project.context, settings, "up").catch(
      (e: unknown) => e,
    );
    assert.ok(
      error instanceof Error,
      "the engine takes SeaweedFS's empty folders for what they are by now",
    );
    assert.match(
      error.message,
      /^A file of the stack's state, .*SeaweedFS.* takes for a lock, so keep the state in another store, or in a folder/,
    );
    assert.doesNotMatch(error.message, /SDK|WARN|checksum/);
  });
});
