import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evidenceFile, keepEvidence, provenanceFile } from "../../history/evidence";
import type { ReceiptFacts } from "../../history/receipt";
import { appendReceipt } from "../../history/receipts";
import type { Verdict } from "../../policies/gate";
import type { Evidence } from "../../registry/evidence";
import { sha256 } from "../../strict/canonical";
import { modelSubject } from "../../trust/statement";
import { digestOf } from "../support/evidence";
import { annKey, provenanceOf } from "../support/provenance";
import { receiptFacts } from "../support/receipts";
import { signedLine, signersOf, testKey } from "../support/signing";
import { envelopeOf, judgedProject, recentEvidence, tollgate } from "./support/judged-project";

interface Replayed {
  refused: number;
  deployments: { seq: number; refusedBy: string[]; verdicts: Verdict[] }[];
}

describe("tollgate replay", function () {
  this.timeout(20_000);
  const bob = testKey("bob");
  let project: ReturnType<typeof judgedProject>;
  beforeEach(() => {
    project = judgedProject("", {
      "signers/staging.allowed_signers": signersOf(
        { key: annKey, principals: ["ann@example.com"] },
        { key: bob, principals: ["bob@example.com"] },
      ),
    });
  });
  afterEach(() => project.remove());

  const stateDir = () => join(project.dir, ".tollgate", "staging");
  const configure = (gates: string) =>
    writeFileSync(
      join(project.dir, "Pulumi.staging.yaml"),
      `config:\n  tollgate:tier: staging\n  tollgate:model: churn-model\n  tollgate:gates: ${gates}\n`,
    );

  /** Evidence of a version whose bytes have a digest of one repeated digit, the version's own. */
  function evidenceOf(version: string, edit: (evidence: Evidence) => void = () => {}): Evidence {
    const evidence = structuredClone(recentEvidence());
    Object.assign(evidence.model, { version, digest: digestOf(version) });
    evidence.comparison!.deployed.digest = digestOf(String(Number(version) - 1));
    edit(evidence);
    return evidence;
  }

  /** A release as the provider records it, with the evidence beside it. */
  async function release(evidence: Evidence, changes: Partial<ReceiptFacts> = {}): Promise<string> {
    const document = JSON.stringify(evidence);
    const { name, version, digest } = evidence.model;
    keepEvidence(stateDir(), {
      evidence: document,
      evidenceSignature: envelopeOf(document, evidence),
      provenance: null,
    });
    await appendReceipt(
      stateDir(),
      receiptFacts({
        at: new Date().toISOString(),
        pin: { name, version, digest },
        evidenceDigest: sha256(document),
        lineage: { gitCommit: "0a1b2c3", dataVersion: "v2" },
        ...changes,
      }),
    );
    return sha256(document);
  }

  async function replayed(...words: string[]): Promise<Replayed & { code: number }> {
    const { code, out } = await tollgate("replay", "--json", "--cwd", project.dir, ...words);
    return { ...(JSON.parse(out) as Replayed), code };
  }
  const refusedBy = ({ deployments }: Replayed) => deployments.map((each) => each.refusedBy);

  it("says that nothing was released", async () => {
    const { code, out } = await tollgate("replay", "--cwd", project.dir);
    assert.deepEqual([code, out], [0, "Nothing was released to staging yet.\n"]);
  });

  it("passes what would pass today, under other gates than it was released under", async () => {
    await release(evidenceOf("1"));
    await release(evidenceOf("2"));
    const result = await replayed("--strict");
    assert.deepEqual(refusedBy(result), [[], []]);
    assert.equal(result.code, 0);
    const { out } = await tollgate("replay", "--cwd", project.dir);
    assert.match(out, /^\S+Z +churn-model v2 +0\.1\.0 sha256:777777777777 +not recorded +passes$/m);
    assert.match(out, /^2 deployments, and none would be refused today\.$/m);
  });

  it("shows the settings that a version was released by, and the commit they were reviewed in", async () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const settings = { digest: digestOf("5"), ref: "refs/remotes/origin/main", commit };
    await release(evidenceOf("1"), { settings: { ...settings, asReviewed: true } });
    await release(evidenceOf("2"), { settings: { ...settings, asReviewed: false } });
    const { out } = await tollgate("replay", "--cwd", project.dir);
    assert.match(out, /churn-model v1 .* sha256:5{12} of 0123456789ab +passes$/m);
    assert.match(out, /churn-model v2 .* sha256:5{12} unlike 0123456789ab +passes$/m);
    const json = await tollgate("replay", "--cwd", project.dir, "--json");
    const { deployments } = JSON.parse(json.out) as { deployments: { settings: object }[] };
    assert.deepEqual(deployments[0]!.settings, { ...settings, asReviewed: true });
  });

  it("judges the provenance that was kept, while it is as it was", async () => {
    const evidence = evidenceOf("2");
    const provenance = provenanceOf({}, annKey, [modelSubject(evidence.model)]);
    const proven = {
      by: "ann@example.com",
      stack: "staging",
      gitDirty: false,
      trainingDataDigest: digestOf("e"),
      provenance: sha256(provenance),
    };
    keepEvidence(stateDir(), { evidence: null, evidenceSignature: null, provenance });
    await release(evidence, { lineage: { gitCommit: "0a1b2c3", dataVersion: "v2", proven } });
    const training = async () =>
      (await replayed()).deployments[0]!.verdicts.find(({ gate }) => gate === "training-signed");
    assert.equal((await training())?.code, "ok");
    const file = provenanceFile(stateDir(), sha256(provenance));
    writeFileSync(file, provenance.replace("{", "{ "));
    assert.equal((await training())?.code, "signature-missing");
  });

  it("says which would be refused by a floor raised since, and fails only with --strict", async () => {
    await release(evidenceOf("1", ({ metrics }) => (metrics.accuracy = 0.95)));
    await release(evidenceOf("2", ({ metrics }) => (metrics.accuracy = 0.92)));
    configure("{ metric-floor: { floors: { accuracy: 0.94 } } }");
    const result = await replayed();
    assert.deepEqual(refusedBy(result), [[], ["metric-floor"]]);
    assert.deepEqual([result.code, result.refused], [0, 1]);
    assert.equal((await replayed("--strict")).code, 2);
    const { out } = await tollgate("replay", "--cwd", project.dir);
    assert.match(
      out,
      /churn-model v2 +0\.1\.0 sha256:7{12} +not recorded +refused by metric-floor$/m,
    );
    assert.match(out, /Z metric-floor: churn-model v2 has accuracy 0\.92 .*below the floor 0\.94/m);
    assert.match(out, /^1 of 2 deployments would be refused today\.$/m);
  });

  it("compares each with what was deployed before it, and a rollback with nothing", async () => {
    const first = evidenceOf("1");
    await release(first);
    await release(evidenceOf("2", ({ comparison }) => (comparison!.quality!.deployed = 0.99)));
    await release(
      evidenceOf("3", ({ comparison }) => (comparison!.deployed.digest = digestOf("1"))),
    );
    await release(first);
    const { deployments } = await replayed();
    const compared = deployments.map(
      ({ verdicts }) => verdicts.find(({ gate }) => gate === "contract")?.code,
    );
    assert.deepEqual(compared, ["ok", "ok", "compared-with-another", "ok"]);
  });

  it("counts approvals as of their time and plan, but not of a key that was revoked since", async () => {
    const evidence = evidenceOf("1");
    const { name: model, version, digest } = evidence.model;
    const approval = {
      approver: "bob@example.com",
      stack: "staging",
      model,
      version,
      digest,
      plan: digestOf("6"),
      at: new Date(Date.now() - 1000).toISOString(),
      expires: new Date(Date.now() + 500).toISOString(),
    };
    const line = signedLine(bob, "approval", approval);
    await release(evidence, { approvals: [line], at: new Date().toISOString() });
    await release(evidenceOf("2"));
    configure("{ approvals: { required: 1 } }");
    assert.deepEqual(refusedBy(await replayed()), [[], ["approvals"]]);
    writeFileSync(join(project.dir, "signers", "revoked_keys"), `${bob.publicKey}\n`);
    assert.deepEqual(refusedBy(await replayed()), [["approvals"], ["approvals"]]);
  });

  it("refuses a deployment whose evidence is gone or was altered, and says so", async () => {
    const gone = await release(evidenceOf("1"));
    const altered = await release(evidenceOf("2"));
    rmSync(evidenceFile(stateDir(), gone));
    writeFileSync(evidenceFile(stateDir(), altered), "{}");
    await release(evidenceOf("3"), { evidenceDigest: null });
    assert.deepEqual(refusedBy(await replayed()), Array(3).fill(["evidence-present"]));
    const { out } = await tollgate("replay", "--cwd", project.dir);
    const file = (digest: string) => `.tollgate/staging/evidence/${digest.slice(7)}.json`;
    for (const cause of [
      `${file(gone)} is not there; put it back from a copy`,
      `${file(altered)} is not as it was kept; put it back from a copy`,
      "it was released without any",
    ]) {
      assert.ok(out.includes(`evidence-present: There is no evidence to judge, as ${cause}.`), out);
    }
  });

  it("fails when the receipts were altered", async () => {
    await release(evidenceOf("1"));
    writeFileSync(join(stateDir(), "receipts.jsonl"), '{"seq":1}\n');
    const { code, out, err } = await tollgate("replay", "--cwd", project.dir);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /line 1 of .*receipts\.jsonl was altered/);
  });
});
