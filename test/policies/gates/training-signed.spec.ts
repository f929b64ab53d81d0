import assert from "node:assert/strict";
import type { Candidate } from "../../../policies/gate";
import { trainingSigned } from "../../../policies/gates/training-signed";
import { provenancePredicate } from "../../../trust/provenance";
import { modelSubject } from "../../../trust/statement";
import { signedLine, testKey, trustIn } from "../../support/signing";
import {
  annKey,
  candidate,
  digestOf,
  evidence,
  only,
  pin,
  provenanceOf,
  refusesWithoutEvidence,
  signatureOf,
  trainingOf,
  withEvidence,
} from "../fixtures";

const mallory = testKey("mallory");
const { history } = candidate();

const judge = (changes: Partial<Candidate>) => only(trainingSigned, candidate(changes));
const claims =
  "so that it is by ann@example.com, and made from the commit and data it names, is what unsigned tags say";

/** Ann may do some things, the trainer others. */
const apart = trustIn([
  { key: annKey, principals: ["ann@example.com"], purposes: ["approval", "waiver", "evidence"] },
  { key: testKey("trainer"), purposes: ["training"] },
]);

describe("trainingSigned", () => {
  it("passes what one who may train has signed about exactly this version, and says what", () => {
    assert.deepEqual(judge({}), {
      passed: true,
      subject: null,
      code: "ok",
      value: "ann@example.com",
      threshold: null,
      margin: null,
      reason:
        "churn-model v2 was trained by ann@example.com at commit 0a1b2c3 on data/staging/train.csv (sha256:eeeeeeeeeeee), signed at 2026-01-31T11:30:00Z.",
    });
    const trainer = judge({ trust: apart, provenance: provenanceOf({}, testKey("trainer")) });
    assert.equal(trainer.value, "trainer");
  });

  it("says of uncommitted changes, and of no commit at all", () => {
    const { reason } = judge({ provenance: provenanceOf({ gitDirty: true }) });
    assert.match(reason, / at commit 0a1b2c3 with uncommitted changes on data/);
    const outside = judge({ provenance: provenanceOf({ gitCommit: null, gitDirty: null }) });
    assert.match(outside.reason, / by ann@example\.com outside of git on data/);
  });

  it("refuses what nobody signed, and says that the rest is tags", () => {
    const finding = judge({ provenance: null });
    assert.equal(finding.code, "signature-missing");
    assert.equal(finding.reason, `churn-model v2 has no signed training, ${claims}.`);
    const nobody = withEvidence("lineage", { author: null });
    assert.match(only(trainingSigned, nobody).reason, /that it is by nobody it names,/);
  });

  for (const [what, changes, code, why] of [
    [
      "a key that nobody listed",
      { provenance: provenanceOf({}, mallory) },
      "signer-unknown",
      /is unknown, as no allowed signer has it/,
    ],
    [
      "a key that may approve and measure, and not train",
      { trust: apart },
      "signer-not-allowed",
      /the key of ann@example\.com may not sign for tollgate-training/,
    ],
    [
      "a revoked key",
      { trust: trustIn([{ key: annKey, principals: ["ann@example.com"] }], [annKey]) },
      "key-revoked",
      /is revoked/,
    ],
    [
      "a key that was put away before",
      { trust: trustIn([{ key: annKey, options: 'valid-before="20260101Z"' }]) },
      "key-not-valid-then",
      /was not valid at 2026-01-31T11:30:00Z/,
    ],
    [
      "a file of signers that can't be read",
      { trust: { signers: "ann", revoked: "" } },
      "signers-unreadable",
      /line 1 has no key/,
    ],
    [
      "one that was altered",
      { provenance: edited((text) => text.replace('"dirty":false', '"dirty":true ')) },
      "signature-invalid",
      /was not signed as it stands/,
    ],
    [
      "the signature of the evidence in its place",
      { provenance: signatureOf(evidence) },
      "signature-unreadable",
      /it isn't a provenance that `tollgate train` signed, see predicateType/,
    ],
    ["what is no envelope", { provenance: "{}" }, "signature-unreadable", /isn't a DSSE envelope/],
    [
      "one of another version",
      { provenance: provenanceOf({}, annKey, [modelSubject({ ...pin, version: "3" })]) },
      "signature-for-another",
      /signed it for models:\/churn-model\/3 of staging with the digest sha256:aaaaaaaaaaaa/,
    ],
    [
      "one of another model",
      { provenance: provenanceOf({}, annKey, [modelSubject({ ...pin, name: "x/churn-model" })]) },
      "signature-for-another",
      /signed it for models:\/x\/churn-model\/2/,
    ],
    [
      "one of other bytes",
      { provenance: provenanceOf({}, annKey, [modelSubject({ ...pin, digest: digestOf("b") })]) },
      "signature-for-another",
      /with the digest sha256:bbbbbbbbbbbb/,
    ],
    [
      "one of two versions at once",
      {
        provenance: provenanceOf({}, annKey, [
          modelSubject(pin),
          modelSubject({ ...pin, version: "3" }),
        ]),
      },
      "signature-for-another",
      /signed it for models/,
    ],
    [
      "other bytes of another environment",
      {
        provenance: provenanceOf({ stack: "dev" }, annKey, [
          modelSubject({ ...pin, digest: digestOf("b") }),
        ]),
      },
      "signature-for-another",
      /models:\/churn-model\/2 of dev with the digest sha256:bbbbbbbbbbbb/,
    ],
    [
      "one that names another key as its builder",
      { provenance: provenanceOf({ keyId: mallory.keyId }) },
      "signature-for-another",
      /it names the key SHA256:.{43}, but that of ann@example\.com signed it/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const finding = judge(changes as Partial<Candidate>);
      assert.equal(finding.code, code);
      assert.match(finding.reason, why);
      assert.ok(
        finding.reason.startsWith(
          `churn-model v2 has a provenance whose signature doesn't count, ${claims}: `,
        ),
        finding.reason,
      );
    });
  }

  it("passes the same bytes that were copied from another environment, and says from where", () => {
    const original = modelSubject({ ...pin, version: "7" });
    const copy = judge({ provenance: provenanceOf({ stack: "dev" }, annKey, [original]) });
    assert.equal(copy.passed, true);
    assert.match(copy.reason, /by ann@example\.com in dev, as version 7 at commit/);
  });

  it("refuses a time in the future, which clocks five minutes apart don't make", () => {
    const at = (finishedAt: string) => judge({ provenance: provenanceOf({ finishedAt }) });
    assert.equal(at("2026-02-01T12:05:00Z").passed, true);
    const later = at("2026-02-01T12:05:01Z");
    assert.equal(later.code, "from-the-future");
    assert.equal(
      later.reason,
      "churn-model v2 has a training that ann@example.com signed at 2026-02-01T12:05:01Z, later than it is judged, at 2026-02-01T12:00:00.000Z; set the clock.",
    );
  });

  describe("of a version that was released before", () => {
    const releasedAt = "2026-01-10T12:00:00.000Z";
    const before = { history: { ...history, releasedAt }, judgedAt: releasedAt };

    it("lets come back what was released when training wasn't signed", () => {
      const finding = judge({ ...before, provenance: null });
      assert.equal(finding.passed, true);
      assert.equal(
        finding.reason,
        `churn-model v2 was released to staging at ${releasedAt}, when nobody had signed its training, so it may come back without.`,
      );
    });

    it("refuses one whose provenance is gone, which it had then", () => {
      const proven = { ...before.history, releasedProven: true };
      const finding = judge({ ...before, history: proven, provenance: null });
      assert.equal(finding.code, "signature-missing");
    });

    it("refuses one that is signed by a key that doesn't count", () => {
      const finding = judge({ ...before, provenance: provenanceOf({}, mallory) });
      assert.equal(finding.code, "signer-unknown");
    });

    it("passes one that is signed, though its training ended after it was released", () => {
      assert.equal(judge(before).passed, true);
    });
  });

  it("refuses without evidence", () => refusesWithoutEvidence(trainingSigned, "training"));

  it("can't be waived", () => assert.equal(trainingSigned.waivable, false));
});

/** The fixture's provenance with its statement edited after it was signed. */
function edited(edit: (statement: string) => string): string {
  const line = signedLine(annKey, "training", provenancePredicate({ ...trainingOf() }), [
    modelSubject(pin),
  ]);
  const envelope = JSON.parse(line) as { payload: string };
  const before = Buffer.from(envelope.payload, "base64").toString();
  const after = edit(before);
  assert.notEqual(after, before);
  return JSON.stringify({ ...envelope, payload: Buffer.from(after).toString("base64") });
}
