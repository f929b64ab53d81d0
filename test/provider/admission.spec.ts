// The gates themselves are tested with the policies; this is how the provider records what they admitted.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { appendReceipt, receiptsFile } from "../../history/receipts";
import { writeRoutes } from "../../provider/envoy/files";
import { closedRoute, routeTo } from "../../provider/envoy/routes";
import { openJournal } from "../../provider/release/journal";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import { admissionType } from "../../provider/types/admission";
import { admissionOf, documentOf } from "../policies/fixtures";
import { compliantCandidate, compliantEvidence, digestOf } from "../support/fixtures";
import { receiptFacts } from "../support/receipts";

function inputs(change: Partial<AdmissionInputs> = {}): AdmissionInputs {
  const disabled = { level: "disabled", settings: {} } as const;
  const floor = {
    level: "mandatory",
    settings: { floors: { accuracy: 0.9 }, ceilings: {} },
  } as const;
  const gates = {
    ...Object.fromEntries(gateNames.map((name) => [name, disabled])),
    "metric-floor": floor,
  };
  return { ...admissionOf(compliantCandidate(), gates), ...change };
}

let gateNames: string[] = [];

describe("admissionType", () => {
  before(async () => {
    const { gates } = await import("../../policies/gates");
    gateNames = gates.map(({ name }) => name);
  });

  it("records the model's address, made of name and version", async () => {
    const { id, outputs } = await admissionType.create(inputs());
    assert.equal(id, "staging:churn-model");
    assert.equal(outputs.modelUri, "models:/churn-model/2");
  });

  it("refuses what is no admission in one sentence, whatever is wrong with it", async () => {
    const wrong = { ...inputs(), pin: { name: "churn-model" }, trust: null } as never;
    const { failures } = await admissionType.check(null, wrong, "staging");
    assert.equal(failures.length, 1);
    assert.match(
      failures[0]!.reason,
      /^The pin can't be judged by .*pin\.version: missing, .*; pin\.digest: missing, .*; trust: got null, /,
    );
  });

  it("records what was sent as it was sent, and sees no change in what earlier versions recorded", async () => {
    const sent = JSON.parse(JSON.stringify(inputs())) as ReturnType<typeof inputs>;
    const { provenance, cluster, ...earlier } = sent;
    const { inputs: recorded } = await admissionType.check(earlier, earlier, "staging");
    const { history, judgedAt, review, pack, lowered, evaluationDigest, ...rest } = recorded;
    for (const [name, value] of Object.entries(rest)) {
      assert.deepEqual(value, earlier[name as keyof typeof earlier], name);
    }
    assert.ok(!("provenance" in recorded || "cluster" in recorded));
    const { outputs } = await admissionType.create(earlier);
    assert.equal((await admissionType.diff("id", outputs, earlier)).changes, false);
  });

  it("passes what the gates accept", async () => {
    assert.deepEqual((await admissionType.check(null, inputs(), "staging")).failures, []);
  });

  it("refuses a version below its floor, with the gate's name and both numbers", async () => {
    const weak = { ...compliantEvidence(), metrics: { accuracy: 0.894 } };
    const low = inputs({ evidence: documentOf(weak) });
    const { failures } = await admissionType.check(null, low, "staging");
    assert.equal(failures.length, 1);
    assert.match(failures[0]!.reason, /^metric-floor: .*0\.894.*0\.9/);
  });

  describe("with callers and no receipt", () => {
    let stateDir: string;
    beforeEach(() => (stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-admission-"))));
    afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

    // A bare folder is of no project whose commits could be asked, which is another gate's to say.
    const failures = async () =>
      (await admissionType.check(null, inputs({ stateDir }), "staging")).failures
        .map(({ reason }) => reason)
        .filter((reason) => !reason.startsWith("settings-reviewed"));
    const serve = () => writeRoutes(stateDir, routeTo("scorer", "1", digestOf("1"), 30));

    it("refuses every version, as the history was taken away, and says how to go on", async () => {
      serve();
      assert.deepEqual(await failures(), [
        `Callers of staging get version 1 (sha256:111111111111), but no receipt in ${receiptsFile(stateDir)} tells of a release, so a new version has nothing to be compared with: put the file back from a copy, or run \`tollgate destroy --stack staging\` and \`tollgate up --stack staging\` to begin anew.`,
      ]);
    });

    it("passes once the receipt is there, and once nothing is served", async () => {
      serve();
      await appendReceipt(stateDir, receiptFacts());
      assert.deepEqual(await failures(), []);
      fs.rmSync(receiptsFile(stateDir));
      writeRoutes(stateDir, closedRoute());
      assert.deepEqual(await failures(), []);
    });

    it("passes a first release that was cut off before its receipt, for it is carried on", async () => {
      const release = { version: "1", digest: digestOf("1"), adminUrl: "http://127.0.0.1:1" };
      openJournal(stateDir, release);
      serve();
      assert.deepEqual(await failures(), []);
    });
  });

  it("sees a change of pin, evidence, gates, approvals and waivers, and none without", async () => {
    const { outputs } = await admissionType.create(inputs());
    const changes = async (change: Partial<AdmissionInputs>) =>
      (await admissionType.diff("id", outputs, inputs(change))).changes;
    assert.equal(await changes({}), false);
    assert.equal(await changes({ pin: { ...outputs.pin, version: "3" } }), true);
    assert.equal(await changes({ evidence: null }), true);
    assert.equal(await changes({ gates: {} }), true);
    assert.equal(await changes({ approvals: ["{}"] }), true);
    assert.equal(await changes({ waivers: ["{}"] }), true);
  });
});
