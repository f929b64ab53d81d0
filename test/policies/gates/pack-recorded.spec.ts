import assert from "node:assert/strict";
import { packRecorded } from "../../../policies/gates/pack-recorded";
import { candidate, digestOf, only, withoutEvidence } from "../fixtures";

const { history } = candidate();
const judgedBy = (digest: string, pinned: string | null, packDigest: string | null) =>
  only(packRecorded, candidate({ pack: { digest, pinned }, history: { ...history, packDigest } }));

describe("packRecorded", () => {
  it("passes the gates of the last release", () => {
    const finding = judgedBy(digestOf("7"), null, digestOf("7"));
    assert.equal(finding.passed, true);
    assert.equal(
      finding.reason,
      "churn-model v2 is judged by the gates sha256:777777777777, which the last release of staging was judged by.",
    );
  });

  it("passes the first gates a stack is judged by", () => {
    const finding = judgedBy(digestOf("7"), null, null);
    assert.equal(
      finding.reason,
      "churn-model v2 is judged by the gates sha256:777777777777, the first that staging is judged by.",
    );
  });

  it("passes gates that the stack's file names, though the last release had others", () => {
    const finding = judgedBy(digestOf("8"), digestOf("8"), digestOf("7"));
    assert.equal(
      finding.reason,
      "churn-model v2 is judged by the gates sha256:888888888888, which the file of staging names.",
    );
  });

  it("refuses gates that were edited since the last release", () => {
    assert.deepEqual(judgedBy(digestOf("8"), null, digestOf("7")), {
      passed: false,
      subject: null,
      code: "gates-changed",
      value: digestOf("8"),
      threshold: digestOf("7"),
      margin: null,
      reason:
        "churn-model v2 is judged by the gates sha256:888888888888, but the last release of staging was judged by sha256:777777777777.",
    });
  });

  it("refuses gates other than the file names, though the last release had the same", () => {
    const finding = judgedBy(digestOf("7"), digestOf("8"), digestOf("7"));
    assert.equal(finding.code, "gates-changed");
    assert.equal(
      finding.reason,
      "churn-model v2 is judged by the gates sha256:777777777777, but the file of staging names sha256:888888888888.",
    );
  });

  it("refuses an empty record like any other that differs", () => {
    assert.equal(judgedBy(digestOf("7"), "", null).code, "gates-changed");
  });

  for (const digest of ["", "unknown", null]) {
    it(`refuses gates with the digest ${JSON.stringify(digest)}`, () => {
      assert.equal(judgedBy(digest as string, null, null).code, "wrong-type");
    });
  }

  it("judges the gates, not the evidence", () => {
    assert.equal(only(packRecorded, withoutEvidence()).passed, true);
  });

  it("can't be waived", () => assert.equal(packRecorded.waivable, false));
});
