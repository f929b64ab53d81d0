// What copying does when something fails half-way, on registries in memory; mlflow.spec.ts copies between real ones.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { copyModelVersion, type CopyRequest } from "../../registry/artifacts";
import { RegistryClient } from "../../registry/client";
import { digestOfModelVersion } from "../../registry/digest";
import { isRegistryError, type RegistryError, type RegistryErrorKind } from "../../registry/errors";
import { MemoryRegistry } from "./memory-registry";
import { standIn, type StandIn } from "./stand-in";

const name = "churn";
const model = { MLmodel: "flavors: {}", "model.bin": "weights", "data/x y.csv": "1,2" };
describe("copyModelVersion", () => {
  let source: MemoryRegistry;
  let target: MemoryRegistry;
  let servers: StandIn[];
  let request: CopyRequest;
  let temporary: string;
  const usualTemporary = process.env["TMPDIR"];

  beforeEach(async () => {
    source = new MemoryRegistry();
    target = new MemoryRegistry();
    source.seed(name, model, { "tollgate.author": "mira@example.com", other: "left behind" });
    servers = [await standIn(source.reply), await standIn(target.reply)];
    const [from, to] = servers.map(({ uri }) => new RegistryClient({ uri, timeoutSeconds: 5 }));
    request = {
      from: from!,
      to: to!,
      name,
      version: "1",
      experiment: "churn_prod",
      fromStack: "staging",
    };
    temporary = mkdtempSync(path.join(tmpdir(), "tollgate-artifacts-"));
    process.env["TMPDIR"] = temporary;
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    if (usualTemporary === undefined) {
      delete process.env["TMPDIR"];
    } else {
      process.env["TMPDIR"] = usualTemporary;
    }
    const left = readdirSync(temporary);
    rmSync(temporary, { recursive: true });
    assert.deepEqual(left, [], "the bytes on their way were left behind");
  });

  const refusal = async (kind: RegistryErrorKind, change: Partial<CopyRequest> = {}) => {
    let failure: RegistryError | undefined;
    await assert.rejects(copyModelVersion({ ...request, ...change }), (error) => {
      failure = isRegistryError(error) ? error : undefined;
      return isRegistryError(error, kind);
    });
    return failure!.message;
  };
  const assertNothingLeft = () => {
    assert.deepEqual([...target.files.keys()], []);
    assert.deepEqual(target.versions, []);
    assert.deepEqual(target.deletedRuns, ["copy1"]);
  };

  it("copies every byte and the lineage, and tags where the version comes from", async () => {
    const digest = await digestOfModelVersion(request.from, name, "1");
    const copy = await copyModelVersion({ ...request, digest });
    assert.deepEqual(copy, { version: "1", digest, runId: "copy1", copied: true });
    assert.equal(await digestOfModelVersion(request.to, name, "1"), digest);
    const [created] = target.versions;
    assert.equal(created!.source, "mlflow-artifacts:/1/copy1/artifacts/model");
    assert.deepEqual(created!.tags, [
      { key: "tollgate.author", value: "mira@example.com" },
      { key: "tollgate.digest", value: digest },
      { key: "tollgate.promoted_from", value: `staging:1@${digest}` },
    ]);
  });

  it("finds the copy of an earlier call instead of making a second", async () => {
    const first = await copyModelVersion(request);
    assert.deepEqual(await copyModelVersion(request), { ...first, copied: false });
    assert.deepEqual(await copyModelVersion({ ...request, digest: first.digest }), {
      ...first,
      copied: false,
    });
    assert.equal(target.versions.length, 1);
  });

  it("refuses bytes that are not the pinned ones before the target is touched", async () => {
    const pinned = `sha256:${"0".repeat(64)}`;
    const message = await refusal("refused", { digest: pinned });
    assert.match(
      message,
      /has the digest sha256:[0-9a-f]{64}, not sha256:0{64}, so its bytes were changed/,
    );
    assert.ok(servers[1]!.received.every(({ method }) => method === "GET"));
  });

  it("refuses bytes that are not those of the version's own digest tag", async () => {
    source.versions[0]!.tags.push({ key: "tollgate.digest", value: `sha256:${"1".repeat(64)}` });
    assert.match(await refusal("refused"), /not sha256:1{64}/);
  });

  it("refuses a copy whose bytes changed on the way, and removes it", async () => {
    target.stored = (bytes) => Buffer.concat([bytes, Buffer.from("!")]);
    assert.match(
      await refusal("refused"),
      /so bytes changed on the way, and it was removed; try again/,
    );
    assertNothingLeft();
  });

  it("removes what was uploaded when the target fails in the middle", async () => {
    let uploads = 0;
    target.fault = ({ method }) =>
      method === "PUT" && ++uploads === 2 ? { status: 500 } : undefined;
    await refusal("unavailable");
    assertNothingLeft();
  });

  it("removes what was uploaded when the version can't be created", async () => {
    target.fault = ({ url }) =>
      url.endsWith("model-versions/create") ? { status: 403 } : undefined;
    await refusal("unauthorised");
    assertNothingLeft();
  });

  it("takes the version that was created although the answer was lost", async () => {
    target.lost = ({ url }) => url.endsWith("model-versions/create");
    const copy = await copyModelVersion(request);
    assert.equal(copy.version, "1");
    assert.equal(target.versions.length, 1);
    assert.equal(target.files.size, 3);
  });

  it("keeps the bytes when nobody can tell whether the version was created", async () => {
    target.lost = ({ url }) => url.endsWith("model-versions/create");
    let searches = 0;
    target.fault = ({ url }) =>
      url.includes("model-versions/search") && ++searches > 1 ? { status: 500 } : undefined;
    await refusal("unavailable", { digest: await digestOfModelVersion(request.from, name, "1") });
    assert.equal(target.versions.length, 1);
    assert.equal(target.files.size, 3);
  });

  it("refuses a version that is not READY", async () => {
    source.versions[0]!.status = "FAILED_REGISTRATION";
    assert.match(await refusal("refused"), /is FAILED_REGISTRATION, not READY/);
  });

  it("refuses a version whose files are gone", async () => {
    source.files.clear();
    assert.match(await refusal("not-found"), /There are no files at mlflow-artifacts:\/1\/seed/);
  });

  it("refuses a deleted experiment, which would hide the run", async () => {
    target.experiments.set("churn_prod", { experiment_id: "1", lifecycle_stage: "deleted" });
    assert.match(await refusal("refused"), /Experiment "churn_prod" .* is deleted; restore it/);
  });

  for (const path of ["../../etc/passwd", "/etc/passwd", "a/../../b", "..", "a\\..\\b"]) {
    it(`refuses a listing that names ${JSON.stringify(path)}, and writes nothing`, async () => {
      source.fault = ({ url }) =>
        url.includes("artifacts?path=") ? { body: { files: [{ path, file_size: 1 }] } } : undefined;
      assert.match(await refusal("refused"), /which is not a plain relative path/);
    });
  }

  for (const [uri, says] of [
    [
      "dbfs:/models/1",
      /is of a kind that can't be read here; keep artifacts behind the registry's proxy/,
    ],
    ["runs:/", /names no run/],
    ["s3:///nothing", /names no bucket/],
  ] as const) {
    it(`refuses a version that lies at ${uri}`, async () => {
      source.versions[0]!.source = uri;
      assert.match(await refusal("refused"), says);
    });
  }
});
