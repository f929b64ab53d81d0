import assert from "node:assert/strict";
import { loadFromFile } from "../../config/load";
import { appendReceipt } from "../../history/receipts";
import { judgeEvidenceFile, offlineCandidate, readDocument } from "../../admission/offline";
import { packDigest } from "../../pack/digest";
import { sha256 } from "../../strict/canonical";
import { judgedProject, recentEvidence } from "../cli/support/judged-project";
import { digestOf } from "../support/evidence";
import { asReviewed } from "../policies/fixtures";
import { receiptFacts } from "../support/receipts";

const document = Buffer.from(JSON.stringify(recentEvidence()));
const given = { document, signature: null };
const facts = { evaluationDigest: digestOf("d"), lowered: [], review: asReviewed };

describe("offlineCandidate", () => {
  let project: ReturnType<typeof judgedProject>;
  afterEach(() => project.remove());
  const settings = () => loadFromFile(project.dir, "staging");

  it("names the version that the document was measured on, and asks no registry", async () => {
    project = judgedProject();
    const candidate = offlineCandidate(await settings(), { document, signature: "{}" }, facts);
    assert.deepEqual(candidate.pin, { name: "churn-model", version: "2", digest: digestOf("a") });
    assert.equal(candidate.evidenceDigest, sha256(document));
    assert.equal(candidate.evidenceSignature, "{}");
    assert.deepEqual([candidate.offline, candidate.registryDigest], [true, null]);
    assert.deepEqual(candidate.pack, { digest: packDigest(), pinned: null });
    assert.match(candidate.trust.signers, /^ann@example\.com /);
  });

  it("holds the document to the digest that the stack pins of the same version, not of another", async () => {
    project = judgedProject(`  tollgate:pin: 2@${digestOf("b")}\n`);
    assert.equal(offlineCandidate(await settings(), given, facts).pin.digest, digestOf("b"));
    project.remove();
    project = judgedProject(`  tollgate:pin: 1@${digestOf("b")}\n`);
    assert.equal(offlineCandidate(await settings(), given, facts).pin.digest, digestOf("a"));
  });

  it("doesn't take missing receipts for nothing deployed", async () => {
    project = judgedProject();
    assert.equal(offlineCandidate(await settings(), given, facts).history.deployed, "unknown");
  });

  it("knows what is deployed from the receipts", async () => {
    project = judgedProject();
    const { stateDir, stack } = await settings();
    const pin = { name: "churn-model", version: "1", digest: digestOf("1") };
    await appendReceipt(stateDir, receiptFacts({ at: "2026-01-15T12:00:00.000Z", stack, pin }));
    const { history } = offlineCandidate(await settings(), given, facts);
    assert.deepEqual(history, {
      deployed: pin,
      releasedAt: null,
      goneBackFromAt: null,
      latestReceiptAt: "2026-01-15T12:00:00.000Z",
      packDigest: digestOf("7"),
    });
  });
});

describe("judgeEvidenceFile", () => {
  it("refuses everything but says why only once when there is no document", async () => {
    const project = judgedProject();
    const settings = await loadFromFile(project.dir, "staging");
    const absent = { document: { absent: "there is no file x; correct it" }, signature: null };
    const { blocked, verdicts, candidate } = await judgeEvidenceFile(settings, absent);
    project.remove();
    assert.equal(blocked, true);
    assert.deepEqual(candidate.problem, {
      code: "evidence-missing",
      reason: "There is no evidence to judge, as there is no file x; correct it.",
    });
    const others = verdicts.filter(({ gate, passed }) => gate !== "evidence-present" && !passed);
    assert.deepEqual([...new Set(others.map(({ code }) => code))], ["no-evidence"]);
  });
});

describe("readDocument", () => {
  it("gives the evidence with the digest of its bytes", () => {
    const { evidence, evidenceDigest, problem } = readDocument(given);
    assert.deepEqual(evidence, recentEvidence());
    assert.deepEqual([evidenceDigest, problem], [sha256(document), null]);
  });

  it("names what can't be read", () => {
    const text = document.toString().replace("0.9125", "NaN");
    const { problem } = readDocument({ document: Buffer.from(text), signature: null });
    assert.equal(problem?.code, "evidence-unreadable");
    assert.match(
      problem.reason,
      /^The evidence can't be read, metrics\.accuracy: .*got "NaN"; run/,
    );
  });
});
