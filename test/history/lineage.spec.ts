import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { lineageRecord } from "../../history/lineage";
import { receiptSchema } from "../../history/receipt";
import { appendReceipt } from "../../history/receipts";
import { servicesOf, stackHistory } from "../../history/stack-history";
import { sha256 } from "../../strict/canonical";
import {
  annKey,
  candidate,
  digestOf,
  pin,
  provenanceOf,
  withoutEvidence,
} from "../policies/fixtures";
import { receiptFacts } from "../support/receipts";
import { trustIn } from "../support/signing";

const unsigned = candidate({ provenance: null });
const signed = candidate({
  provenance: provenanceOf({ gitCommit: "5d1c0de", dataVersion: "v9", parameters: { a: "1" } }),
});

describe("lineageRecord", () => {
  let stateDir: string;
  beforeEach(() => (stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-training-"))));
  afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

  const released = (given: typeof signed) =>
    appendReceipt(stateDir, receiptFacts({ lineage: lineageRecord(given) }));

  it("says what was proven, by the digest of what is kept", () => {
    assert.deepEqual(lineageRecord(signed), {
      gitCommit: "5d1c0de",
      dataVersion: "v9",
      proven: {
        by: "ann@example.com",
        stack: "staging",
        gitDirty: false,
        trainingDataDigest: digestOf("e"),
        provenance: sha256(signed.provenance!),
      },
    });
  });

  it("says what tags said where nothing was, and nothing without evidence", () => {
    assert.deepEqual(lineageRecord(unsigned), { gitCommit: "0a1b2c3", dataVersion: "v2" });
    assert.equal(lineageRecord(withoutEvidence()), null);
  });

  it("tells a later judgement whether the pin was proven when it was released", async () => {
    const before = await released(unsigned);
    assert.equal(stackHistory([before], pin).releasedProven, undefined);
    assert.equal(servicesOf([before])[0]?.proven, undefined);
    const after = await released(signed);
    assert.equal(stackHistory([before, after], pin).releasedProven, true);
    assert.equal(stackHistory([before, after], { ...pin, version: "3" }).releasedProven, undefined);
    assert.deepEqual(
      servicesOf([before, after]).map(({ gitCommit, proven }) => ({ gitCommit, proven })),
      [
        { gitCommit: "0a1b2c3", proven: undefined },
        { gitCommit: "5d1c0de", proven: true },
      ],
    );
  });

  it("is read from receipts of before, which have no such field", async () => {
    const { lineage } = receiptSchema.parse(await released(unsigned));
    assert.deepEqual(lineage, { gitCommit: "0a1b2c3", dataVersion: "v2" });
  });

  it("names the signer's key by every name it is listed under", () => {
    const trust = trustIn([{ key: annKey, principals: ["ann@example.com", "Ann@Home.example"] }]);
    const { proven } = lineageRecord({ ...signed, trust })!;
    assert.equal(proven?.by, "ann@example.com, ann@home.example");
  });
});
