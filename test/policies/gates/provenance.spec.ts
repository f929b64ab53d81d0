import assert from "node:assert/strict";
import type { Candidate, Finding } from "../../../policies/gate";
import { provenance } from "../../../policies/gates/provenance";
import { testKey, trustIn } from "../../support/signing";
import {
  annKey,
  candidate,
  digestOf,
  evidence,
  provenanceOf,
  refusesWithoutEvidence,
  withEvidence,
} from "../fixtures";

const { history } = candidate();
const { trainingData } = evidence.leakage!;

/** The finding of one subject; every other one must pass. */
function finding(subject: string, judged: Candidate, settings: unknown = {}): Finding {
  const findings = provenance.check(judged, provenance.settings.parse(settings));
  assert.deepEqual(
    findings.filter((each) => each.subject !== subject && !each.passed),
    [],
  );
  return findings.find((each) => each.subject === subject)!;
}

describe("provenance", () => {
  it("passes evidence that comes from where it must, and says so of each part", () => {
    const findings = provenance.check(candidate(), provenance.settings.parse({}));
    assert.deepEqual(
      findings.map(({ subject, passed, reason }) => ({ subject, passed, reason })),
      [
        {
          subject: "data",
          passed: true,
          reason:
            "churn-model v2 was measured on 400 rows of data/staging/eval.csv (sha256:dddddddddddd), the evaluation data in force.",
        },
        {
          subject: "author",
          passed: true,
          reason: "churn-model v2 is by ann@example.com, and any author is allowed.",
        },
        {
          subject: "tags",
          passed: true,
          reason: "churn-model v2 has the lineage that ann@example.com signed.",
        },
        {
          subject: "leakage",
          passed: true,
          reason:
            "churn-model v2 was trained on 0 of the 400 rows of data/staging/eval.csv, told by the 1600 rows of data/staging/train.csv that it was trained on, as ann@example.com signed, within the limit 0 (margin 0).",
        },
        {
          subject: "clock",
          passed: true,
          reason: "churn-model v2 was measured at 2026-01-31T12:00:00Z, which isn't in the future.",
        },
        {
          subject: "model-signature",
          passed: true,
          reason: "churn-model v2 carries no signature of its own files, which isn't required.",
        },
      ],
    );
  });

  it("refuses evidence of yesterday's data", () => {
    const found = finding("data", candidate({ evaluationDigest: digestOf("b") }));
    assert.equal(found.code, "evaluated-on-other-data");
    assert.equal(found.value, digestOf("d"));
    assert.equal(found.threshold, digestOf("b"));
    assert.equal(
      found.reason,
      "churn-model v2 was measured on 400 rows of data/staging/eval.csv (sha256:dddddddddddd), but the evaluation data in force is sha256:bbbbbbbbbbbb.",
    );
  });

  it("refuses when the evaluation data in force can't be told", () => {
    const found = finding("data", candidate({ evaluationDigest: null }));
    assert.equal(found.code, "evaluation-data-unknown");
    assert.match(found.reason, /isn't at hand to compare it with; put the file in its place/);
  });

  describe("author", () => {
    const authors = ["bea@example.com", "Ann <ANN@example.com>"];

    it("passes an allowed author, however the name is written", () => {
      const found = finding("author", candidate(), { authors });
      assert.equal(found.reason, "churn-model v2 is by ann@example.com, who is allowed.");
    });

    it("refuses another author", () => {
      const found = finding("author", candidate(), { authors: ["bea@example.com"] });
      assert.equal(found.code, "author-not-allowed");
      assert.equal(
        found.reason,
        "churn-model v2 is by ann@example.com, who isn't one of bea@example.com.",
      );
    });

    for (const author of [null, "  ", 7]) {
      it(`refuses ${JSON.stringify(author)} where authors are named`, () => {
        const judged = withEvidence("lineage", { author } as never);
        const found = finding("author", judged, { authors: ["bea@example.com"] });
        assert.equal(found.code, "author-unknown");
      });
    }

    it("believes who signed the training, and no tag", () => {
      const bea = testKey("bea");
      const trust = trustIn([
        { key: annKey, principals: ["ann@example.com", "a.example@example.org"] },
        { key: bea, principals: ["bea@example.com"] },
      ]);
      const second = candidate({ trust });
      assert.equal(
        finding("author", second, { authors: ["A.Example@example.org"] }).reason,
        "churn-model v2 is by ann@example.com, a.example@example.org, who is allowed.",
      );
      const signedByBea = candidate({ trust, provenance: provenanceOf({}, bea) });
      const found = finding("author", signedByBea, { authors: ["ann@example.com"] });
      assert.equal(found.code, "author-not-allowed");
      assert.equal(found.value, "bea@example.com");
    });

    it("says where only a tag names the author", () => {
      const unsigned = candidate({ provenance: null });
      assert.equal(
        finding("author", unsigned, { authors }).reason,
        "churn-model v2 is by ann@example.com, says an unsigned tag, who is allowed.",
      );
    });

    it("leaves a missing author to lineage-complete where anybody is allowed", () => {
      assert.equal(finding("author", withEvidence("lineage", { author: null })).passed, true);
    });
  });

  describe("tags", () => {
    /** Signed otherwise than the fixture's evidence has it. */
    const signed = (...[changes]: Parameters<typeof provenanceOf>) =>
      finding("tags", candidate({ provenance: provenanceOf(changes) }));

    for (const [what, changes, tagged, told] of [
      ["run", { runId: "other" }, "8f1c", "other"],
      ["git commit", { gitCommit: "5d1c0de" }, "0a1b2c3", "5d1c0de"],
      ["state of the working tree", { gitDirty: true }, "clean", "with uncommitted changes"],
      ["author", { author: "bea@example.com" }, "ann@example.com", "bea@example.com"],
      ["author", { author: null }, "ann@example.com", "nothing"],
      ["data version", { dataVersion: "v3" }, "v2", "v3"],
      [
        "parameters",
        { parameters: { model: "logreg" } },
        '{"model":"gradient-boosting"}',
        '{"model":"logreg"}',
      ],
    ] as const) {
      it(`refuses another ${what} than was signed: ${told}`, () => {
        const found = signed(changes);
        assert.equal(found.code, "training-contradicted");
        assert.equal(found.value, tagged);
        assert.equal(found.threshold, told);
        assert.equal(
          found.reason,
          `churn-model v2 has tags that say ${tagged} of its ${what}, but ann@example.com signed ${told}; find out who wrote the tags, train it again, or put them right and evaluate it again.`,
        );
      });
    }

    it("names everything that differs", () => {
      const found = signed({ gitCommit: "5d1c0de", dataVersion: "v3", runId: "other" });
      assert.match(
        found.reason,
        /of its run, but .+ \(so do they of its git commit, data version\);/,
      );
    });

    it("passes the same parameters in another order, and a copy with a run of its own", () => {
      const { evidence: ordered } = withEvidence("lineage", { parameters: { b: "2", a: "1" } });
      const provenance = provenanceOf({ parameters: { a: "1", b: "2" }, stack: "dev", runId: "x" });
      const found = finding("tags", candidate({ evidence: ordered, provenance }));
      assert.equal(found.passed, true);
    });

    it("passes unsigned ones, and says that they are", () => {
      assert.equal(
        finding("tags", candidate({ provenance: null })).reason,
        "churn-model v2 has a lineage that unsigned tags say, with nothing that counts to compare it with.",
      );
    });
  });

  describe("leakage", () => {
    it("believes what was signed of the training data, and no tag", () => {
      const lying = candidate({ provenance: provenanceOf({ trainingDataDigest: digestOf("d") }) });
      const findings = provenance.check(lying, provenance.settings.parse({}));
      assert.deepEqual(
        findings.filter(({ passed }) => !passed).map(({ code, value, threshold }) => ({ code, value, threshold })), // prettier-ignore
        [
          { code: "training-contradicted", value: digestOf("e"), threshold: digestOf("d") },
          { code: "training-data-differs", value: digestOf("e"), threshold: digestOf("d") },
        ],
      );
    });

    it("refuses one shared row", () => {
      const found = finding("leakage", withEvidence("leakage", { sharedRows: 1 }));
      assert.equal(found.code, "leakage");
      assert.equal(found.value, 1);
      assert.equal(found.threshold, 0);
      assert.equal(found.margin, -1);
      assert.equal(
        found.reason,
        "churn-model v2 was trained on 1 of the 400 rows of data/staging/eval.csv, told by the 1600 rows of data/staging/train.csv that it was trained on, as ann@example.com signed, above the limit 0 (margin -1).",
      );
    });

    for (const [sharedRows, firstRows, words] of [
      [
        1,
        [7],
        "1 of the 400 rows of data/staging/eval.csv (row 7, from 1, a header not counted), told",
      ],
      [3, [1, 7, 400], "3 of the 400 rows of data/staging/eval.csv (rows 1, 7, 400, from 1, "],
      [12, [3, 4], "12 of the 400 rows of data/staging/eval.csv (rows 3, 4 and 10 more, from 1, "],
      [2, [], "2 of the 400 rows of data/staging/eval.csv, told"],
      [2, undefined, "2 of the 400 rows of data/staging/eval.csv, told"],
    ] as const) {
      it(`names the rows ${JSON.stringify(firstRows)} of ${sharedRows}, and the setting that allows them`, () => {
        const change = { sharedRows, ...(firstRows ? { firstRows: [...firstRows] } : {}) };
        const found = finding("leakage", withEvidence("leakage", change));
        assert.ok(found.reason.includes(`was trained on ${words}`), found.reason);
        assert.equal(
          found.remedy,
          `Take the shared rows out of data/staging/train.csv and train again, or out of data/staging/eval.csv and evaluate again; where rows that are alike are different cases, as with few columns, allow them by tollgate:gates.provenance.sharedRows: ${sharedRows} in a reviewed change.`,
        );
        assert.equal(
          finding("leakage", withEvidence("leakage", change), { sharedRows }).passed,
          true,
        );
      });
    }

    it("passes exactly as many as the settings allow", () => {
      const judged = withEvidence("leakage", { sharedRows: 3 });
      assert.equal(finding("leakage", judged, { sharedRows: 3 }).margin, 0);
      assert.equal(finding("leakage", judged, { sharedRows: 2 }).code, "leakage");
    });

    it("refuses what was never measured", () => {
      const found = finding("leakage", withEvidence("leakage", null));
      assert.equal(found.code, "leakage-not-measured");
      assert.match(found.reason, /evaluate it where the training data is\.$/);
    });

    for (const change of [
      { evaluationRows: 0 },
      { evaluationRows: 399 },
      { trainingData: { ...trainingData, rows: 0 } },
    ] as const) {
      it(`refuses a search that left rows out: ${JSON.stringify(change)}`, () => {
        assert.equal(finding("leakage", withEvidence("leakage", change)).code, "leakage-not-measured"); // prettier-ignore
      });
    }

    it("refuses a search in other data than it was trained on", () => {
      const found = finding("leakage", withEvidence("lineage", { trainingDataDigest: digestOf("b") })); // prettier-ignore
      assert.equal(found.code, "training-data-differs");
      assert.equal(
        found.reason,
        "churn-model v2 was trained on sha256:bbbbbbbbbbbb, say unsigned tags, but shared rows were looked for in data/staging/train.csv (sha256:eeeeeeeeeeee); evaluate it again where the data it was trained on is at hand, as tollgate:train.data of this stack or of another one of the project.",
      );
      const unknown = withEvidence("lineage", { trainingDataDigest: null });
      assert.equal(finding("leakage", unknown).code, "training-data-differs");
    });

    for (const sharedRows of [Number.NaN, -1, 0.5, "0", null]) {
      it(`refuses ${JSON.stringify(sharedRows) ?? "nothing"} (${typeof sharedRows}) as a count`, () => {
        const judged = withEvidence("leakage", { sharedRows } as never);
        assert.equal(finding("leakage", judged).code, "wrong-type");
      });
    }
  });

  describe("clock", () => {
    it("passes clocks that are five minutes apart, and refuses more", () => {
      const at = (evaluatedAt: string) =>
        finding("clock", withEvidence("evaluator", { evaluatedAt }));
      assert.equal(at("2026-02-01T12:05:00Z").passed, true);
      const later = at("2026-02-01T12:05:01Z");
      assert.equal(later.code, "from-the-future");
      assert.equal(
        later.reason,
        "churn-model v2 was measured at 2026-02-01T12:05:01Z, more than 5 minutes later than it is judged, at 2026-02-01T12:00:00.000Z; set the clock that is wrong.",
      );
    });

    it("refuses a clock that says less than the latest receipt", () => {
      const receipt = (latestReceiptAt: string) =>
        finding("clock", candidate({ history: { ...history, latestReceiptAt } }));
      assert.equal(receipt("2026-02-01T12:00:00.000Z").passed, true);
      const later = receipt("2026-02-01T12:00:00.001Z");
      assert.equal(later.code, "clock-set-back");
      assert.equal(
        later.reason,
        "churn-model v2 is judged at 2026-02-01T12:00:00.000Z, earlier than the latest receipt, at 2026-02-01T12:00:00.001Z; this machine's clock was set back, set it right, or wait until then if that receipt's was ahead.",
      );
    });

    it("passes a pin that comes back, which is judged as of its release", () => {
      const releasedAt = "2026-01-10T12:00:00.000Z";
      const back = candidate({ history: { ...history, releasedAt }, judgedAt: releasedAt });
      assert.equal(finding("clock", back).passed, true);
    });

    for (const evaluatedAt of ["yesterday", "2026-01-31", "2026-01-31T12:00:00", 1769860800000]) {
      it(`refuses the time ${JSON.stringify(evaluatedAt)}`, () => {
        const judged = withEvidence("evaluator", { evaluatedAt } as never);
        assert.equal(finding("clock", judged).code, "wrong-type");
      });
    }
  });

  describe("model-signature", () => {
    const carrying = (status: string) =>
      candidate({
        evidence: {
          ...evidence,
          modelSignature: {
            path: "model.sig",
            status: status as "valid",
            detail: "model.pkl is not as its manifest says.",
          },
        },
      });

    it("passes a valid one", () => {
      assert.equal(
        finding("model-signature", carrying("valid")).reason,
        "churn-model v2 has a signature of its own files, model.sig, that is valid.",
      );
    });

    it("passes a verified one, whether a key is set or not", () => {
      for (const settings of [{}, { modelSigningKey: "keys/model.pub" }]) {
        const found = finding("model-signature", carrying("verified"), settings);
        assert.equal(
          found.reason,
          "churn-model v2 has a signature of its own files, model.sig, that is verified.",
        );
      }
    });

    it("refuses a valid one that wasn't checked against the key that is set", () => {
      const found = finding("model-signature", carrying("valid"), {
        modelSigningKey: "keys/model.pub",
      });
      assert.equal(found.code, "measured-otherwise");
      assert.equal(
        found.reason,
        "churn-model v2 has a signature of its own files, model.sig, that wasn't checked against the key keys/model.pub; evaluate it again.",
      );
    });

    for (const status of ["invalid", "unreadable", "VALID"]) {
      it(`refuses one that is ${status}`, () => {
        const found = finding("model-signature", carrying(status));
        assert.equal(found.code, "model-signature-invalid");
        assert.equal(
          found.reason,
          `churn-model v2 has a signature of its own files, model.sig, that is ${status}: model.pkl is not as its manifest says.`,
        );
      });
    }
  });

  for (const settings of [{ authors: "ann" }, { authors: [""] }, { sharedRows: -1 }]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(provenance.settings.safeParse(settings).success, false);
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(provenance, "provenance"));

  it("can't be waived", () => assert.equal(provenance.waivable, false));
});
