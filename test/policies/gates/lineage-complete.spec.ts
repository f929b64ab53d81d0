import assert from "node:assert/strict";
import { lineageComplete } from "../../../policies/gates/lineage-complete";
import { candidate, only, provenanceOf, refusesWithoutEvidence, withEvidence } from "../fixtures";

const words = {
  runId: "run",
  gitCommit: "git commit",
  gitDirty: "state of the working tree",
  author: "author",
  dataVersion: "data version",
  trainingDataDigest: "digest of the training data",
} as const;

describe("lineageComplete", () => {
  it("passes a version that can be traced, and says who says so", () => {
    const traced =
      "churn-model v2 is traced to run 8f1c, commit 0a1b2c3 by ann@example.com and data v2";
    const signed = only(lineageComplete, candidate());
    assert.equal(signed.passed, true);
    assert.equal(signed.reason, `${traced}, as ann@example.com signed.`);
    const tagged = only(lineageComplete, candidate({ provenance: null }));
    assert.equal(tagged.passed, true);
    assert.equal(tagged.reason, `${traced}, say unsigned tags.`);
  });

  it("believes what was signed, whatever the tags say", () => {
    const dirty = candidate({ provenance: provenanceOf({ gitDirty: true }) });
    assert.equal(
      only(lineageComplete, dirty).reason,
      "churn-model v2 was trained with uncommitted changes on top of commit 0a1b2c3, as ann@example.com signed.",
    );
    const outside = provenanceOf({ gitCommit: null, gitDirty: null });
    assert.equal(
      only(lineageComplete, candidate({ provenance: outside })).reason,
      "churn-model v2 doesn't record its git commit, state of the working tree.",
    );
    const { evidence } = withEvidence("lineage", { gitDirty: true, gitCommit: null });
    assert.equal(only(lineageComplete, candidate({ evidence })).passed, true);
  });

  it("takes the run of a copy from its own registry", () => {
    const provenance = provenanceOf({ stack: "dev", runId: "another" });
    assert.match(only(lineageComplete, candidate({ provenance })).reason, /traced to run 8f1c,/);
  });

  for (const [fact, name] of Object.entries(words)) {
    it(`refuses a version without its ${name}`, () => {
      const finding = only(lineageComplete, withEvidence("lineage", { [fact]: null }));
      assert.equal(finding.code, "missing");
      assert.equal(finding.value, name);
      assert.equal(finding.reason, `churn-model v2 doesn't record its ${name}.`);
    });
  }

  it("refuses an empty text like a missing one, and names all that is missing", () => {
    const judged = withEvidence("lineage", { author: "", gitCommit: null, gitDirty: true });
    assert.equal(
      only(lineageComplete, judged).reason,
      "churn-model v2 doesn't record its git commit, author, and was trained with uncommitted changes.",
    );
  });

  it("refuses a version trained with uncommitted changes", () => {
    const finding = only(lineageComplete, withEvidence("lineage", { gitDirty: true }));
    assert.equal(finding.code, "dirty");
    assert.equal(
      finding.reason,
      "churn-model v2 was trained with uncommitted changes on top of commit 0a1b2c3, say unsigned tags.",
    );
  });

  it("passes uncommitted changes where the settings allow them", () => {
    const judged = withEvidence("lineage", { gitDirty: true });
    assert.equal(only(lineageComplete, judged, { allowDirty: true }).passed, true);
  });

  it("passes without an experiment and without parameters, which a registered file may lack", () => {
    const judged = withEvidence("lineage", { experiment: null, parameters: {} });
    assert.equal(only(lineageComplete, judged).passed, true);
  });

  for (const [fact, value, shown, wanted] of [
    ["gitDirty", "false", '"false"', "true or false"],
    ["gitCommit", 12, "12", "a text"],
    ["author", ["ann@example.com"], '["ann@example.com"]', "a text"],
  ] as const) {
    it(`refuses a ${fact} of the wrong type`, () => {
      const judged = withEvidence("lineage", { [fact]: value } as never);
      const finding = only(lineageComplete, judged);
      assert.equal(finding.code, "wrong-type");
      assert.equal(
        finding.reason,
        `churn-model v2 records its ${words[fact]} as ${shown}, which must be ${wanted}.`,
      );
    });
  }

  it("refuses settings it doesn't know", () => {
    assert.equal(lineageComplete.settings.safeParse({ allowDirty: "yes" }).success, false);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(lineageComplete, "lineage"));
});
