import assert from "node:assert/strict";
import { candidateOf } from "../../policies/admission";
import { lineageOf, proofOf } from "../../policies/training";
import { testKey, trustIn } from "../support/signing";
import { admissionOf, candidate, evidence, provenanceOf } from "./fixtures";

const unsigned = candidate({ provenance: null });
const signed = candidate({
  provenance: provenanceOf({ gitCommit: "5d1c0de", dataVersion: "v9", parameters: { a: "1" } }),
});

describe("proofOf", () => {
  it("asks the signers of each candidate, though the provenance is the same", () => {
    const provenance = provenanceOf();
    const nobody = candidate({ provenance, trust: trustIn([testKey("bea")]) });
    assert.ok("training" in proofOf(candidate({ provenance })));
    assert.ok("problem" in proofOf(nobody));
    // Asked again, the same.
    assert.ok("problem" in proofOf(nobody));
  });

  it("is carried by an admission, and absent from one that was recorded before there was any", () => {
    const admission = admissionOf(signed);
    assert.ok("training" in proofOf(candidateOf(admission)));
    const { provenance, ...before } = admission;
    assert.ok(provenance);
    assert.equal(candidateOf(before).provenance, null);
  });
});

describe("lineageOf", () => {
  it("has what was signed in place of what tags say", () => {
    const { lineage, source } = lineageOf(signed, evidence);
    assert.deepEqual(lineage, {
      ...evidence.lineage,
      gitCommit: "5d1c0de",
      dataVersion: "v9",
      author: "ann@example.com",
      parameters: { a: "1" },
    });
    assert.equal(source, ", as ann@example.com signed");
  });

  it("has what tags say where nothing counts, and says so", () => {
    assert.deepEqual(lineageOf(unsigned, evidence), {
      lineage: evidence.lineage,
      source: ", say unsigned tags",
    });
  });
});
