import assert from "node:assert/strict";
import fc from "fast-check";
import { codesOf } from "../../../policies/codes";
import type { Candidate } from "../../../policies/gate";
import { approvals } from "../../../policies/gates/approvals";
import type { ApprovalPredicate } from "../../../trust/types";
import { signedLine, testKey, trustIn } from "../../support/signing";
import {
  candidate,
  digest,
  digestOf,
  only,
  provenanceOf,
  refusesWithoutEvidence,
  withEvidence,
  withoutEvidence,
} from "../fixtures";

const [ann, bea, cem, dan] = ["ann", "bea", "cem", "dan"].map((who) => testKey(`${who}@example.com`)) as [Key, Key, Key, Key]; // prettier-ignore
type Key = ReturnType<typeof testKey>;
const trust = trustIn([ann, bea, cem]);
const { history } = candidate();

/** An approval of exactly the fixtures' pin and plan, by the key's own name. */
function approval(key: Key, changes: Partial<ApprovalPredicate> = {}): string {
  return signedLine(key, "approval", {
    approver: key.name,
    stack: "staging",
    model: "churn-model",
    version: "2",
    digest,
    plan: digestOf("6"),
    evidence: candidate().evidenceDigest!,
    at: "2026-02-01T11:00:00.000Z",
    expires: "2026-02-08T11:00:00.000Z",
    ...changes,
  });
}

function judge(lines: readonly string[], changes: Partial<Candidate> = {}, required = 1) {
  return only(approvals, candidate({ trust, approvals: lines, ...changes }), { required });
}

/** Why the one line given doesn't count. */
function cause(line: string, changes: Partial<Candidate> = {}): string {
  const finding = judge([line], changes);
  assert.equal(finding.code, "too-few");
  assert.equal(finding.value, 0);
  const before = "churn-model v2 has 0 of 1 approval for staging; 1 is missing; not counted: ";
  assert.ok(finding.reason.startsWith(before), finding.reason);
  return finding.reason.slice(before.length);
}

describe("approvals", () => {
  it("passes when none is required, even without evidence", () => {
    const finding = only(approvals, withoutEvidence());
    assert.equal(finding.passed, true);
    assert.equal(finding.reason, "churn-model v2 needs no approval for staging.");
  });

  it("passes exactly as many approvals as are required", () => {
    assert.deepEqual(judge([approval(cem), approval(bea)], {}, 2), {
      passed: true,
      subject: null,
      code: "ok",
      value: 2,
      threshold: 2,
      margin: 0,
      reason:
        "churn-model v2 has 2 of 2 approvals for staging (bea@example.com, cem@example.com); that it is by ann@example.com is what an unsigned tag says.",
    });
  });

  it("refuses one approval of two, and names who gave it", () => {
    assert.deepEqual(judge([approval(bea)], {}, 2), {
      passed: false,
      subject: null,
      code: "too-few",
      value: 1,
      threshold: 2,
      margin: -1,
      reason: "churn-model v2 has 1 of 2 approvals for staging (bea@example.com); 1 is missing.",
    });
  });

  it("refuses no approval at all", () => {
    const reason = "churn-model v2 has 0 of 2 approvals for staging; 2 are missing.";
    assert.equal(judge([], {}, 2).reason, reason);
  });

  it("counts one person's two lines once", () => {
    const twice = [approval(bea), approval(bea, { at: "2026-02-01T11:30:00.000Z" })];
    const finding = judge(twice, {}, 2);
    assert.equal(finding.value, 1);
    assert.match(finding.reason, /; 1 is missing\.$/);
  });

  describe("what an approval is for", () => {
    for (const [what, change, why] of [
      ["environment", { stack: "prod" }, "as it approves the release to prod"],
      ["model", { model: "fraud-model" }, "as it approves fraud-model v2"],
      ["version", { version: "1" }, "as it approves churn-model v1"],
      [
        "version's bytes",
        { digest: digestOf("b") },
        "as it approves the bytes sha256:bbbbbbbbbbbb",
      ],
      [
        "plan",
        { plan: digestOf("5") },
        "as it approves the plan sha256:555555555555, and gates or their settings changed since then to sha256:666666666666",
      ],
    ] as const) {
      it(`refuses to count one of another ${what}`, () => {
        assert.equal(cause(approval(bea, change)), `that of bea@example.com, ${why}.`);
      });
    }
  });

  describe("which evidence", () => {
    const own = candidate().evidenceDigest!.slice(0, 19);

    it("refuses to count one that was given on other evidence: what was measured anew is approved anew", () => {
      assert.equal(
        cause(approval(bea, { evidence: digestOf("9") })),
        `that of bea@example.com, as it was given on the evidence sha256:999999999999, and now it is ${own}; sign again.`,
      );
    });

    it("refuses to count one of before, that names no evidence, for a new version", () => {
      assert.equal(
        cause(approval(bea, { evidence: undefined })),
        "that of bea@example.com, as it doesn't name the evidence that it was given on; sign again.",
      );
    });

    it("counts one of before for a version that was released with it, and in a replay", () => {
      const old = approval(bea, { evidence: undefined });
      const releasedAt = "2026-02-01T11:30:00.000Z";
      const back = { history: { ...history, releasedAt }, judgedAt: releasedAt };
      assert.equal(judge([old], back).passed, true);
      assert.equal(judge([old], { replayed: true }).passed, true);
    });

    it("compares the evidence in a replay, where it is named", () => {
      const other = approval(bea, { evidence: digestOf("9") });
      assert.equal(judge([other], { replayed: true }).passed, false);
    });
  });

  describe("a version that was gone back from", () => {
    const left = (goneBackFromAt: string) => ({ history: { ...history, goneBackFromAt } });

    it("wants approvals that were signed since", () => {
      assert.equal(judge([approval(bea)], left("2026-02-01T10:59:59.999Z")).passed, true);
      for (const time of ["2026-02-01T11:00:00.000Z", "2026-02-01T11:30:00.000Z"]) {
        assert.equal(
          cause(approval(bea), left(time)),
          `that of bea@example.com, as it was signed at 2026-02-01T11:00:00.000Z, before staging went back from this version at ${time}; sign again.`,
        );
      }
    });

    it("wants them by the plan of now and unexpired, like a new version", () => {
      const since = left("2026-02-01T10:00:00.000Z");
      assert.match(cause(approval(bea, { plan: digestOf("5") }), since), /as it approves the plan/);
      const expired = approval(bea, { expires: "2026-02-01T11:59:00Z" });
      assert.match(cause(expired, since), /as it expired at/);
    });

    it("takes none when it can't be told when it was gone back from", () => {
      assert.equal(judge([approval(bea)], left("yesterday")).passed, false);
    });
  });

  describe("when", () => {
    it("counts until the moment it expires, and not then", () => {
      const until = (expires: string) => judge([approval(bea, { expires })]);
      assert.equal(until("2026-02-01T12:00:00.001Z").passed, true);
      assert.equal(until("2026-02-01T12:00:00.000Z").passed, false);
      assert.equal(
        cause(approval(bea, { expires: "2026-02-01T11:59:00Z" })),
        "that of bea@example.com, as it expired at 2026-02-01T11:59:00Z.",
      );
    });

    it("refuses to count one from the future, which clocks five minutes apart don't make", () => {
      assert.equal(judge([approval(bea, { at: "2026-02-01T12:05:00Z" })]).passed, true);
      assert.equal(
        cause(approval(bea, { at: "2026-02-01T12:06:00Z" })),
        "that of bea@example.com, as it was given at 2026-02-01T12:06:00Z, which is in the future.",
      );
    });

    it("refuses to count any when the moment of judging can't be read", () => {
      assert.equal(
        cause(approval(bea), { judgedAt: "yesterday" }),
        "that of bea@example.com, as its times can't be read.",
      );
    });

    for (const time of ["", "2026-02-08", "2026-02-08T11:00:00", 7]) {
      it(`refuses to count one that is for the time ${JSON.stringify(time)}`, () => {
        for (const change of [{ at: time }, { expires: time }]) {
          const finding = judge([approval(bea, change as Partial<ApprovalPredicate>)]);
          assert.equal(finding.code, "too-few");
          assert.equal(finding.value, 0);
        }
      });
    }

    it("counts the approvals of then for a pin that comes back, whatever the plan is now", () => {
      const releasedAt = "2025-06-01T12:00:00.000Z";
      const back = { history: { ...history, releasedAt }, judgedAt: releasedAt };
      const old = approval(bea, {
        plan: digestOf("5"),
        at: "2025-05-31T12:00:00Z",
        expires: "2025-06-01T11:00:00Z",
      });
      assert.equal(judge([old], back).passed, true);
      assert.equal(judge([approval(bea, { stack: "prod" })], back).passed, false);
    });
  });

  describe("who", () => {
    it("refuses to count the author", () => {
      assert.equal(cause(approval(ann)), "that of ann@example.com, who is the author.");
    });

    for (const author of ["ANN@Example.com", "Ann Example <ann@example.com>"]) {
      it(`refuses to count the author written as ${author}`, () => {
        const finding = judge([approval(ann)], withAuthor(author));
        assert.equal(finding.value, 0);
      });
    }

    it("refuses to count the author under a second address of the same key", () => {
      const second = trustIn([ann, { key: ann, principals: ["a.example@example.org"] }, bea]);
      const line = approval(ann, { approver: "a.example@example.org" });
      assert.equal(
        cause(line, { trust: second }),
        "that of a.example@example.org, who is the author ann@example.com under another name or key.",
      );
    });

    it("refuses to count the author's second key, listed under the author's name", () => {
      const second = trustIn([ann, { key: dan, principals: ["ann@example.com", "dan@example.com"] }]); // prettier-ignore
      assert.match(
        cause(approval(dan), { trust: second }),
        /who is the author ann@example\.com under another name or key/,
      );
    });

    it("refuses to count a key that a third key shows to be the author's", () => {
      const chain = trustIn([
        ann,
        { key: cem, principals: ["ann@example.com", "annie@example.com"] },
        { key: dan, principals: ["annie@example.com"] },
      ]);
      const line = approval(dan, { approver: "annie@example.com" });
      assert.match(
        cause(line, { trust: chain }),
        /who is the author ann@example\.com under another name or key/,
      );
    });

    it("counts two keys under a common name as one person, and says so", () => {
      const common = trustIn([ann, bea, { key: dan, principals: ["dan@example.com", bea.name] }]);
      const finding = judge([approval(bea), approval(dan)], { trust: common }, 2);
      assert.equal(finding.value, 1);
      assert.match(
        finding.reason,
        /; not counted: that of dan@example\.com, who is the same person as bea@example\.com\.$/,
      );
    });

    it("refuses to count one that names another person than its key's", () => {
      assert.equal(
        cause(approval(bea, { approver: "cem@example.com" })),
        "that of cem@example.com, as it was signed by the key of bea@example.com.",
      );
    });

    it("counts only the approvers that the settings name", () => {
      const settings = { required: 1, approvers: ["Cem <CEM@example.com>"] };
      const by = (key: Key) =>
        only(approvals, candidate({ trust, approvals: [approval(key)] }), settings);
      assert.equal(by(cem).passed, true);
      assert.match(
        by(bea).reason,
        /that of bea@example\.com, who isn't among the approvers Cem <CEM@example\.com>\.$/,
      );
    });

    for (const author of [null, " ", 7]) {
      it(`refuses a version with the author ${JSON.stringify(author)}`, () => {
        const finding = judge([approval(bea)], withAuthor(author));
        assert.equal(finding.code, "author-unknown");
        assert.equal(
          finding.reason,
          "churn-model v2 has no recorded author, and the 1 approval for staging must be of other people.",
        );
      });
    }

    it("refuses a version whose author has no key, from whom nobody can be told apart", () => {
      const finding = judge([approval(bea)], { trust: trustIn([bea, cem]) });
      assert.equal(finding.code, "author-unknown");
      assert.match(finding.reason, /is by ann@example\.com, whom the allowed-signers file doesn't name, .+; add a line with the author's key\.$/); // prettier-ignore
    });
  });

  describe("who signed the training", () => {
    const trainedBy = (key: Key, author: string | null) => provenanceOf({ author }, key);

    it("refuses to count whoever signed it, whatever the tag says", () => {
      const provenance = trainedBy(bea, "ann@example.com");
      assert.equal(cause(approval(bea), { provenance }), "that of bea@example.com, who is the author."); // prettier-ignore
      assert.equal(judge([approval(cem)], { provenance }).passed, true);
    });

    it("refuses to count whose code git said it was, when a job's own key signed", () => {
      const provenance = trainedBy(dan, "bea@example.com");
      const more = { trust: trustIn([ann, bea, cem, dan]), provenance };
      assert.equal(cause(approval(bea), more), "that of bea@example.com, who is the author.");
      assert.equal(cause(approval(dan), more), "that of dan@example.com, who is the author.");
      assert.equal(
        judge([approval(cem)], more).reason,
        "churn-model v2 has 1 of 1 approval for staging (cem@example.com).",
      );
    });

    it("needs no line for an author whom git names, beside the one who signed", () => {
      const provenance = trainedBy(bea, "somebody@example.com");
      assert.equal(judge([approval(cem)], { provenance }).passed, true);
    });

    it("takes the tag's author where the one who signed may not train", () => {
      const provenance = trainedBy(bea, "bea@example.com");
      const mayApprove = trustIn([ann, { key: bea, purposes: ["approval"] }]);
      const finding = judge([approval(bea)], { trust: mayApprove, provenance });
      assert.match(finding.reason, /by ann@example\.com is what an unsigned tag says\.$/);
    });
  });

  describe("signatures", () => {
    const edited = () => {
      const envelope = JSON.parse(approval(bea, { expires: "2026-01-01T00:00:00Z" })) as {
        payload: string;
      };
      const payload = Buffer.from(envelope.payload, "base64").toString();
      const later = payload.replace("2026-01-01", "2027-01-01");
      return JSON.stringify({ ...envelope, payload: Buffer.from(later).toString("base64") });
    };
    const unsigned = () => JSON.stringify({ ...JSON.parse(approval(bea)), signatures: [] });
    const cases: [string, string, Partial<Candidate>, RegExp][] = [
      [
        "with its date edited",
        edited(),
        {},
        /as it was not signed as it stands by the key SHA256:/,
      ],
      ["that isn't signed", unsigned(), {}, /as it isn't a DSSE envelope/],
      ["that is no envelope", '{"approver":"bea@example.com"}', {}, /as it isn't a DSSE envelope/],
      ["by a key nobody knows", approval(dan), {}, /as its key SHA256:.+ is unknown/],
      ["by a revoked key", approval(bea), { trust: trustIn([ann, bea], [bea]) }, /is revoked\.$/],
      [
        "by a key for evidence alone",
        approval(bea),
        { trust: trustIn([ann, { key: bea, purposes: ["evidence"] }]) },
        /may not sign for tollgate-approval/,
      ],
    ];
    for (const [what, line, changes, why] of cases) {
      it(`refuses to count one ${what}`, () => {
        assert.match(cause(line, changes), /^one of unproven origin, /);
        assert.match(cause(line, changes), why);
      });
    }

    it("refuses to count a waiver, signed by the same key, as an approval", () => {
      const waiver = signedLine(bea, "waiver", {
        gate: "latency",
        stack: "staging",
        model: "churn-model",
        version: "2",
        digest,
        reason: "measured on a busy machine",
        owner: bea.name,
        at: "2026-02-01T11:00:00Z",
        expires: "2026-02-02T11:00:00Z",
      });
      assert.match(cause(waiver), /isn't a signed approval/);
    });

    it("refuses a file of signers that can't be read, as one line could say who is who", () => {
      const broken = { trust: { ...trust, signers: `${trust.signers}nobody\n` } };
      const finding = judge([approval(bea)], broken);
      assert.equal(finding.code, "signers-unreadable");
      assert.match(finding.reason, /can't be verified: line 4 has no key in the allowed-signers/);
    });
  });

  it("refuses with each of its codes", () => {
    const findings = [
      judge([]),
      judge([approval(bea)], withAuthor(null)),
      judge([approval(bea)], { trust: { ...trust, signers: "nobody" } }),
    ];
    assert.deepEqual(
      findings.map(({ code }) => code),
      codesOf(approvals).map(({ code }) => code),
    );
  });

  it("tells of at most five that don't count", () => {
    const many = Array.from({ length: 7 }, () => approval(dan));
    assert.match(judge(many).reason, /; and 2 more\.$/);
  });

  it("never counts more people than there are, whoever signs what how often", () => {
    const keys = [ann, bea, cem, dan];
    const line = fc.record({ key: fc.constantFrom(...keys), expired: fc.boolean() });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (given) => {
        const lines = given.map(({ key, expired }) =>
          approval(key, expired ? { expires: "2026-01-31T00:00:00Z" } : {}),
        );
        const right = given.filter(({ key, expired }) => !expired && (key === bea || key === cem));
        assert.equal(judge(lines, {}, 2).value, new Set(right.map(({ key }) => key)).size);
      }),
      { numRuns: 50 },
    );
  });

  for (const settings of [{ required: -1 }, { required: 1.5 }, { approvers: "bea" }]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(approvals.settings.safeParse(settings).success, false);
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(approvals, "author", { required: 2 })); // prettier-ignore

  it("can't be waived by the one person it is there to stop", () => {
    assert.equal(approvals.waivable, false);
  });
});

function withAuthor(author: unknown): Partial<Candidate> {
  return { evidence: withEvidence("lineage", { author } as never).evidence };
}
