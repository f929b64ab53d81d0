import assert from "node:assert/strict";
import { evidenceSigned } from "../../../policies/gates/evidence-signed";
import { shortDigest } from "../../../policies/finding";
import type { Candidate } from "../../../policies/gate";
import { modelSubject } from "../../../trust/statement";
import { signedLine, testKey, trustIn } from "../../support/signing";
import { candidate, digestOf, only, pin, refusesWithoutEvidence } from "../fixtures";

const evaluator = testKey("evaluator@example.com");
const mallory = testKey("mallory@example.com");
const documentDigest = candidate().evidenceDigest!;
const document = {
  name: "evidence-2.json",
  digest: { sha256: documentDigest.replace("sha256:", "") },
};
const trust = trustIn([{ key: evaluator, purposes: ["evidence"] }]);

function signature(
  signedAt = "2026-01-31T12:00:00.000Z",
  subject = [document, modelSubject(pin)],
  key = evaluator,
): string {
  return signedLine(key, "evidence", { evidence: documentDigest, signedAt }, subject);
}

const signed = (changes: Partial<Candidate> = {}) =>
  candidate({ evidenceSignature: signature(), trust, ...changes });

describe("evidenceSigned", () => {
  it("passes what an allowed signer signed", () => {
    assert.deepEqual(only(evidenceSigned, signed()), {
      passed: true,
      subject: null,
      code: "ok",
      value: 1,
      threshold: 90,
      margin: 89,
      reason:
        "churn-model v2 has evidence that evaluator@example.com signed at 2026-01-31T12:00:00.000Z, 1 days before it was judged, within the 90 days that a signature counts (margin 89 days).",
    });
  });

  it("passes at exactly the last moment, and refuses a moment later", () => {
    const days = { validDays: 1 };
    assert.equal(only(evidenceSigned, signed(), days).margin, 0);
    const later = signed({ judgedAt: "2026-02-01T12:00:00.001Z" });
    const finding = only(evidenceSigned, later, days);
    assert.equal(finding.code, "signature-expired");
    assert.equal(finding.threshold, 1);
  });

  it("refuses a signature of long ago", () => {
    const old = signed({ evidenceSignature: signature("2025-10-01T12:00:00Z") });
    assert.equal(
      only(evidenceSigned, old).reason,
      "churn-model v2 has evidence that evaluator@example.com signed at 2025-10-01T12:00:00Z, 123 days before it was judged, and a signature counts for 90 days (margin -33 days).",
    );
  });

  it("refuses a signature from the future, which clocks five minutes apart don't make", () => {
    const soon = signed({ evidenceSignature: signature("2026-02-01T12:05:00Z") });
    assert.equal(only(evidenceSigned, soon).passed, true);
    const later = signed({ evidenceSignature: signature("2026-02-01T12:05:00.001Z") });
    const finding = only(evidenceSigned, later);
    assert.equal(finding.code, "from-the-future");
    assert.equal(
      finding.reason,
      "churn-model v2 has evidence that evaluator@example.com signed at 2026-02-01T12:05:00.001Z, later than it is judged, at 2026-02-01T12:00:00.000Z; set the clock.",
    );
  });

  it("passes evidence signed again since the pin was released", () => {
    const { history } = candidate();
    const releasedAt = "2026-01-10T12:00:00.000Z";
    const again = signed({ history: { ...history, releasedAt }, judgedAt: releasedAt });
    assert.equal(only(evidenceSigned, again).passed, true);
  });

  for (const [what, subject, named] of [
    ["another document", [{ ...document, digest: { sha256: "8".repeat(64) } }, modelSubject(pin)], `the document ${shortDigest(documentDigest)}`], // prettier-ignore
    ["other bytes", [document, modelSubject({ ...pin, digest: digestOf("b") })], "models:/churn-model/2 sha256:aaaaaaaaaaaa"], // prettier-ignore
    ["another version", [document, modelSubject({ ...pin, version: "1" })], "models:/churn-model/2 sha256:aaaaaaaaaaaa"], // prettier-ignore
    ["no version", [document], "models:/churn-model/2 sha256:aaaaaaaaaaaa"],
  ] as const) {
    it(`refuses a signature for ${what}`, () => {
      const copied = signed({ evidenceSignature: signature(undefined, [...subject]) });
      const finding = only(evidenceSigned, copied);
      assert.equal(finding.code, "signature-for-another");
      assert.equal(
        finding.reason,
        `churn-model v2 has evidence beside a signature by evaluator@example.com for something else: ${named} isn't what was signed.`,
      );
    });
  }

  const edited = () => {
    const envelope = JSON.parse(signature()) as { payload: string };
    const payload = Buffer.from(envelope.payload, "base64").toString();
    const later = payload.replace("2026-01-31", "2026-02-01");
    return JSON.stringify({ ...envelope, payload: Buffer.from(later).toString("base64") });
  };
  const cases: [string, Partial<Candidate>][] = [
    ["signature-missing", { evidenceSignature: null }],
    ["signature-unreadable", { evidenceSignature: "{}" }],
    ["signature-invalid", { evidenceSignature: edited() }],
    ["signer-unknown", { evidenceSignature: signature(undefined, undefined, mallory) }],
    ["signers-unreadable", { trust: { signers: "nobody", revoked: "" } }],
    ["signer-not-allowed", { trust: trustIn([{ key: evaluator, purposes: ["approval"] }]) }],
    ["key-revoked", { trust: trustIn([evaluator], [evaluator]) }],
    [
      "key-not-valid-then",
      { trust: trustIn([{ key: evaluator, options: 'valid-before="20260101Z"' }]) },
    ],
  ];
  for (const [code, changes] of cases) {
    it(`refuses with ${code}`, () => {
      const finding = only(evidenceSigned, signed(changes));
      assert.equal(finding.passed, false);
      assert.equal(finding.code, code);
      assert.match(
        finding.reason,
        /^churn-model v2 has evidence whose signature doesn't count: .+\.$/,
      );
    });
  }

  it("refuses to judge by a time that can't be read", () => {
    assert.equal(only(evidenceSigned, signed({ judgedAt: "yesterday" })).code, "from-the-future");
  });

  for (const validDays of [0, -1, Number.NaN, "90"]) {
    it(`refuses ${String(validDays)} days as a setting`, () => {
      assert.equal(evidenceSigned.settings.safeParse({ validDays }).success, false);
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(evidenceSigned, "signature"));

  it("can't be waived", () => assert.equal(evidenceSigned.waivable, false));
});
