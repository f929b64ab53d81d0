// With the client that most people have, of version 23 or newer: it builds by a plugin, buildx, that may be missing.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildImage } from "../../cli/image/build";
import { parseName } from "../../cli/image/names";
import { capturedOutput } from "../cli/support/streams";
import { testDocker } from "../support/docker";
import { tollgate, withEnvironment, withTestDocker } from "./docker-specs";
import { smallServing, type SmallServing } from "./small-serving";

describe("image build, with a newer client", function () {
  this.timeout(120_000);
  const { name } = withTestDocker();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-modern-"));
  let small: SmallServing;

  before(async () => {
    small = await smallServing();
  });
  after(async () => {
    await small.stop();
    fs.rmSync(folder, { recursive: true });
  });

  /** @param plugins has the client its buildx? */
  function newer<T>(plugins: boolean, work: () => Promise<T>): Promise<T> {
    const config = fs.mkdtempSync(path.join(folder, "config-"));
    const { modern, env } = testDocker();
    if (plugins) fs.symlinkSync(path.join(modern, "cli-plugins"), path.join(config, "cli-plugins"));
    const searchPath = [modern, env["PATH"]].join(path.delimiter);
    return withEnvironment({ DOCKER_CONFIG: config, PATH: searchPath }, work);
  }

  const build = (base: string) =>
    newer(true, () => {
      const { serving, pipConf } = small;
      const now = new Date("2026-03-04T12:00:00Z");
      return buildImage(
        { serving, pipConf, version: "9.9.9", revision: "abc", now, base },
        parseName(name, "--tag"),
        capturedOutput(),
      );
    });

  it("says that buildx is missing before anything is built", async () => {
    const { code, document } = await newer(false, () => tollgate("image", "build"));
    assert.deepEqual([code, document.error?.code], [1, "no-buildkit"]);
  });

  it("builds, names and labels by buildx, and gives the same image its tag again", async () => {
    const first = await build(testDocker().base);
    assert.equal(first.reference, `${name}:9.9.9-20260304`);
    assert.equal(first.labels["org.opencontainers.image.revision"], "abc");
    const again = await build(testDocker().base);
    assert.deepEqual([again.id, again.reference], [first.id, first.reference]);
  });

  it("tells a missing base by buildx's words too", async () => {
    await assert.rejects(build("registry.invalid/none:1"), { code: "base-image" });
  });

  it("names the step that failed by buildx's words too", async () => {
    const lock = path.join(small.serving, "requirements.lock");
    const other = fs.readFileSync(lock, "utf8").replace("numpy==1.0", "numpy==2.0");
    fs.writeFileSync(lock, other);
    await assert.rejects(build(testDocker().base), (error: Error) => {
      fs.rmSync(path.dirname(/is in (\S+):\n/.exec(error.message)![1]!), { recursive: true });
      return /failed in the step \[packages 5\/6\] RUN /.test(error.message);
    });
  });
});
