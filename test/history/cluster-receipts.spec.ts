import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { publishReceipt, syncWith } from "../../history/cluster-receipts";
import { keepEvidence, provenanceFile } from "../../history/evidence";
import { appendReceipt, readReceipts, receiptsFile } from "../../history/receipts";
import { sha256 } from "../../strict/canonical";
import { digestOf } from "../support/fixtures";
import { MemoryCluster } from "../support/memory-cluster";
import { receiptFacts } from "../support/receipts";

const configMaps = "/api/v1/namespaces/shop/configmaps";
const pinOf = (version: string) => ({ name: "churn", version, digest: digestOf(version) });

describe("receipts in a cluster", () => {
  let cluster: MemoryCluster;
  let here: string;
  let there: string;
  beforeEach(() => {
    cluster = new MemoryCluster();
    [here, there] = ["here", "there"].map((name) =>
      fs.mkdtempSync(path.join(os.tmpdir(), `tollgate-${name}-`)),
    ) as [string, string];
  });
  afterEach(() => {
    for (const dir of [here, there]) fs.rmSync(dir, { recursive: true, force: true });
  });

  /** A release on a machine, as the provider records it. */
  const released = (stateDir: string, version: string, evidence: string | null = null) => {
    keepEvidence(stateDir, { evidence, evidenceSignature: null, provenance: null });
    const evidenceDigest = evidence && sha256(evidence);
    return appendReceipt(
      stateDir,
      receiptFacts({ pin: pinOf(version), evidenceDigest }),
      (line, receipt) => publishReceipt(cluster, stateDir, line, receipt),
    );
  };
  const versions = (stateDir: string) =>
    readReceipts(stateDir).receipts.map(({ pin }) => pin.version);

  it("show every machine every release, with its evidence, byte for byte", async () => {
    await released(here, "1", '{"metrics":{}}');
    await syncWith(cluster, there);
    await released(there, "2");
    await syncWith(cluster, here);
    assert.deepEqual(versions(here), ["1", "2"]);
    assert.deepEqual(fs.readFileSync(receiptsFile(here)), fs.readFileSync(receiptsFile(there)));
    assert.deepEqual(fs.readdirSync(path.join(there, "evidence")).length, 1);
    const stored = cluster.objects.get(`${configMaps}/receipt-000001`);
    assert.equal(stored?.["immutable"], true);
  });

  it("show the provenance that a release rested on, and no other", async () => {
    const provenance = '{"payload":"how it was made"}';
    keepEvidence(here, { evidence: null, evidenceSignature: null, provenance });
    const proven = {
      by: "ann@example.com",
      stack: "staging",
      gitDirty: false,
      trainingDataDigest: digestOf("e"),
      provenance: sha256(provenance),
    };
    const lineage = { gitCommit: "0a1b2c3", dataVersion: "v2", proven };
    await appendReceipt(here, receiptFacts({ lineage }), (line, receipt) =>
      publishReceipt(cluster, here, line, receipt),
    );
    await released(here, "2");
    await syncWith(cluster, there);
    const kept = fs.readFileSync(provenanceFile(there, sha256(provenance)), "utf8");
    assert.equal(kept, provenance);
    assert.deepEqual(fs.readdirSync(path.join(there, "evidence")).length, 1);
  });

  it("change nothing when both sides know all", async () => {
    await released(here, "1");
    cluster.changes.length = 0;
    await syncWith(cluster, here);
    assert.deepEqual(cluster.changes, []);
    assert.deepEqual(versions(here), ["1"]);
  });

  it("bring a receipt to the cluster that only this machine has, as after a kill", async () => {
    await appendReceipt(here, receiptFacts({ pin: pinOf("1") }));
    await syncWith(cluster, here);
    await syncWith(cluster, there);
    assert.deepEqual(versions(there), ["1"]);
  });

  it("are nowhere when the cluster doesn't take one", async () => {
    await released(here, "1");
    await assert.rejects(
      released(there, "9"),
      /^Error: another command wrote receipt 1 in namespace shop meanwhile; see `tollgate status` and run `up` again$/,
    );
    assert.deepEqual(versions(there), []);
  });

  it("refuse a chain that differs from the cluster's, and name the receipt", async () => {
    await released(here, "1");
    await appendReceipt(there, receiptFacts({ pin: pinOf("9") }));
    await assert.rejects(
      syncWith(cluster, there),
      /receipt 1 in namespace shop differs from the one in /,
    );
    assert.deepEqual(versions(there), ["9"]);
  });

  it("refuse a receipt that was altered in the cluster", async () => {
    await released(here, "1");
    const name = `${configMaps}/receipt-000001`;
    const stored = cluster.objects.get(name)! as unknown as { data: { receipt: string } };
    stored.data.receipt = stored.data.receipt.replace("ann@", "eve@");
    await assert.rejects(
      syncWith(cluster, there),
      /was altered: its content does not match its hash/,
    );
    assert.deepEqual(versions(there), []);
  });
});
