import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { sha256 } from "../../strict/canonical";
import { evidenceFile } from "../../history/evidence";
import { readReceipts, receiptsFile } from "../../history/receipts";
import { writeRoutes } from "../../provider/envoy/files";
import { routeTo } from "../../provider/envoy/routes";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import type { ReceiptInputs } from "../../provider/inputs";
import { openJournal, readJournal } from "../../provider/release/journal";
import { receiptType } from "../../provider/types/receipt";
import type { LoweredGate } from "../../policies/gate";
import { packDigest } from "../../pack/digest";
import { admissionOf, asReviewed } from "../policies/fixtures";
import { compliantCandidate, digestOf } from "../support/fixtures";

describe("receiptType", () => {
  let projectDir: string;
  let gates: AdmissionInputs["gates"];

  before(async () => {
    const all = (await import("../../policies/gates")).gates;
    const disabled = { level: "disabled", settings: {} } as const;
    gates = {
      ...Object.fromEntries(all.map(({ name }) => [name, disabled])),
      "metric-floor": {
        level: "mandatory",
        settings: { floors: { accuracy: 0.9 }, ceilings: {} },
      },
    };
  });

  beforeEach(() => {
    projectDir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-receipt-"));
  });
  afterEach(() => fs.rmSync(projectDir, { recursive: true, force: true }));

  function inputs(version = "2", change: Partial<AdmissionInputs> = {}): ReceiptInputs {
    const pin = { name: "churn-model", version, digest: digestOf(version) };
    const admission = { ...admissionOf({ ...compliantCandidate(), pin }, gates), ...change };
    const stateDir = path.join(projectDir, ".tollgate", "staging");
    return { stateDir, cluster: null, projectDir, stack: "staging", pin, admission };
  }

  const chain = () => readReceipts(inputs().stateDir).receipts;

  it("appends what was released, under which verdicts, from which commit and by whom", async () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", projectDir, ...args], { encoding: "utf8" }).trim();
    git("init", "--quiet");
    git("config", "user.email", "mira@example.com");
    fs.writeFileSync(path.join(projectDir, ".gitignore"), ".tollgate/\n");
    git("add", ".gitignore");
    git("-c", "user.name=Mira", "commit", "--quiet", "--message", "start");

    const given = inputs();
    await receiptType.create(given);
    const [receipt] = chain();
    assert.equal(receipt?.seq, 1);
    assert.deepEqual(receipt.pin, given.pin);
    assert.equal(receipt.previousPin, null);
    assert.equal(receipt.commit, git("rev-parse", "HEAD"));
    assert.equal(receipt.dirty, false);
    assert.equal(receipt.evidenceDigest, sha256(given.admission.evidence!));
    assert.deepEqual(
      receipt.verdicts.map(({ gate, status, value, threshold }) => [
        gate,
        status,
        value,
        threshold,
      ]),
      [["metric-floor", "passed", 0.9125, 0.9]],
    );
    const kept = evidenceFile(given.stateDir, receipt.evidenceDigest!);
    assert.equal(fs.readFileSync(kept, "utf8"), given.admission.evidence);
    assert.deepEqual(receipt.lineage, { gitCommit: "0a1b2c3", dataVersion: "v2" });
    assert.equal(receipt.packDigest, packDigest());
    if (!process.env["GITHUB_ACTOR"]) assert.equal(receipt.actor, "mira@example.com");
  });

  it("links each receipt to the pin before", async () => {
    await receiptType.create(inputs("2"));
    await receiptType.update("id", inputs("2"), inputs("3"));
    assert.deepEqual(
      chain().map(({ seq, pin, previousPin }) => [seq, pin.version, previousPin?.version]),
      [
        [1, "2", undefined],
        [2, "3", "2"],
      ],
    );
  });

  it("does not append the same release twice, as after a kill between file and state", async () => {
    await receiptType.create(inputs());
    await receiptType.create(inputs());
    await receiptType.update("id", inputs(), inputs());
    assert.equal(chain().length, 1);
  });

  it("appends for a new waiver or approval of the same pin", async () => {
    await receiptType.create(inputs());
    const approved = inputs("2", { approvals: ["an approval"] });
    assert.equal((await receiptType.diff("id", inputs(), approved)).changes, true);
    await receiptType.update("id", inputs(), approved);
    const waived = inputs("2", { approvals: ["an approval"], waivers: ["a waiver"] });
    await receiptType.update("id", approved, waived);
    assert.deepEqual(
      chain().map(({ approvals, waivers }) => [approvals, waivers]),
      [
        [[], []],
        [["an approval"], []],
        [["an approval"], ["a waiver"]],
      ],
    );
  });

  it("says which gates were below their tier's level, and that nobody reviewed it, whatever a program says", async () => {
    const lowered = { level: "disabled", settings: {}, lowered: "mandatory" } as const;
    const said = { gate: "smoke", level: "disabled", from: "mandatory", by: "ann@example.com" };
    await receiptType.create(
      inputs("2", { gates: { ...gates, smoke: lowered }, lowered: [said as LoweredGate] }),
    );
    assert.deepEqual(chain()[0]?.lowered, [{ ...said, by: null }]);
  });

  it("holds the digest of the settings and what they were compared with, whatever a program says", async () => {
    await receiptType.create(inputs("2", { review: asReviewed }));
    const { settings } = chain()[0]!;
    assert.match(settings!.digest, /^sha256:[0-9a-f]{64}$/);
    assert.notEqual(settings!.digest, asReviewed.digest);
    assert.deepEqual(
      { ...settings, digest: "" },
      { digest: "", ref: null, commit: null, asReviewed: true },
    );
  });

  it("has nothing to do for a recorded release, except to close an open journal", async () => {
    const given = inputs();
    await receiptType.create(given);
    assert.equal((await receiptType.diff("id", given, given)).changes, false);
    openJournal(given.stateDir, {
      version: "2",
      digest: digestOf("2"),
    });
    assert.equal((await receiptType.diff("id", given, given)).changes, true);
    await receiptType.update("id", given, given);
    assert.equal(readJournal(given.stateDir), null);
    assert.equal(chain().length, 1);
  });

  it("undoes the release when the chain was altered, and names the line", async () => {
    const given = inputs();
    await receiptType.create(given);
    const file = receiptsFile(given.stateDir);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("mandatory", "advisory"));
    writeRoutes(given.stateDir, routeTo("scorer-1", "1", digestOf("1"), 30));
    openJournal(given.stateDir, {
      version: "3",
      digest: digestOf("3"),
    });
    writeRoutes(given.stateDir, routeTo("scorer-3", "3", digestOf("3"), 30));

    await assert.rejects(receiptType.update("id", given, inputs("3")), (error: Error) => {
      assert.match(
        error.message,
        /^the receipt of version 3 could not be written: line 1 of .*receipts\.jsonl was altered: its content does not match its hash; put the file back from a copy; the release was undone, callers get version 1 as before;/,
      );
      return true;
    });
    const live = fs.readFileSync(path.join(given.stateDir, "route", "rds.json"), "utf8");
    assert.match(live, /"version": "1"/);
  });

  it("keeps the file when it is deleted", async () => {
    await receiptType.create(inputs());
    await receiptType.delete();
    assert.equal(chain().length, 1);
  });
});
