// A provenance beside a version's run, on registries in memory; test/cli/signing/provenance.spec.ts uses a real one.
import assert from "node:assert/strict";
import { RegistryClient } from "../../registry/client";
import { isRegistryError } from "../../registry/errors";
import { carryProvenance, provenancePath } from "../../registry/provenance";
import { digestOf } from "../support/evidence";
import { MemoryRegistry } from "./memory-registry";
import { standIn, type StandIn } from "./stand-in";

describe("carryProvenance", () => {
  const name = "churn";
  const pin = { name, version: "1", digest: digestOf("a") };
  const artifact = `1/seed/artifacts/${provenancePath(pin)}`;
  let source: MemoryRegistry;
  let target: MemoryRegistry;
  let servers: StandIn[];
  let carry: () => Promise<boolean>;

  beforeEach(async () => {
    [source, target] = [new MemoryRegistry(), new MemoryRegistry()];
    for (const registry of [source, target]) {
      registry.seed(name, { MLmodel: "flavors: {}" });
      registry.fault = ({ url }) => artifactOf(registry, url);
    }
    servers = [await standIn(source.reply), await standIn(target.reply)];
    const [from, to] = servers.map(({ uri }) => new RegistryClient({ uri, timeoutSeconds: 5 }));
    carry = () => carryProvenance({ client: from!, pin }, { client: to!, pin });
  });
  afterEach(() => Promise.all(servers.map((server) => server.close())));

  /** How MLflow gives a run's artifact. */
  function artifactOf(registry: MemoryRegistry, url: string) {
    if (!url.startsWith("/get-artifact?")) return undefined;
    const query = new URL(url, "http://registry").searchParams;
    const found = registry.files.get(`1/${query.get("run_id")}/artifacts/${query.get("path")}`);
    if (found) return { body: found };
    return { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" } };
  }

  it("takes it along byte for byte, once", async () => {
    source.files.set(artifact, Buffer.from('{"payload":"ä"}'));
    assert.equal(await carry(), true);
    assert.deepEqual(target.files.get(artifact), source.files.get(artifact));
    const uploads = () => servers[1]!.received.filter(({ method }) => method === "PUT").length;
    assert.equal(uploads(), 1);
    assert.equal(await carry(), true);
    assert.equal(uploads(), 1);
  });

  it("puts the original's in place of another one", async () => {
    source.files.set(artifact, Buffer.from("{}"));
    target.files.set(artifact, Buffer.from("[]"));
    await carry();
    assert.equal(target.files.get(artifact)?.toString(), "{}");
  });

  it("says that there is none, and writes nothing", async () => {
    assert.equal(await carry(), false);
    assert.ok(servers[1]!.received.every(({ method }) => method === "GET"));
  });

  it("refuses a copy without a run to keep it in", async () => {
    source.files.set(artifact, Buffer.from("{}"));
    target.versions[0]!.run_id = "";
    await assert.rejects(carry(), (error) => {
      assert.ok(isRegistryError(error, "refused"));
      assert.match(error.message, /has no run that could hold its provenance/);
      return true;
    });
  });
});
