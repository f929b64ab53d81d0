import assert from "node:assert/strict";
import { modelSubject, readClaim, readStatement, statementOf } from "../../trust/statement";
import type { ApprovalPredicate, WaiverPredicate } from "../../trust/types";
import { digestOf, pin } from "../support/evidence";
import { signedLine, testKey } from "../support/signing";

const pinned = {
  stack: "prod",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  at: "2026-02-01T09:00:00Z",
  expires: "2026-02-08T09:00:00Z",
};
const approval: ApprovalPredicate = { approver: "bea", ...pinned, plan: digestOf("6") };
const waiver: WaiverPredicate = {
  gate: "latency",
  ...pinned,
  reason: "slow disk in prod",
  owner: "bea",
};

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe("statementOf", () => {
  it("is an in-toto statement about the version that the predicate names", () => {
    assert.deepEqual(statementOf("approval", approval), {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "models:/churn-model/2", digest: { sha256: "a".repeat(64) } }],
      predicateType: "https://tollgate.dev/approval/v1",
      predicate: approval,
    });
  });
});

describe("readStatement", () => {
  it("reads what was written, for each purpose", () => {
    const evidence = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "evidence-2.json", digest: { sha256: "9".repeat(64) } }, modelSubject(pin)],
      predicateType: "https://tollgate.dev/evidence/v1",
      predicate: { evidence: "evidence-2.json", signedAt: "2026-02-01T09:00:00Z" },
    };
    assert.deepEqual(readStatement(bytes(evidence), "evidence"), evidence);
    for (const [purpose, predicate] of [
      ["approval", { ...approval, comment: "looked at the drift" }],
      ["waiver", waiver],
    ] as const) {
      const statement = statementOf(purpose, predicate as never);
      assert.deepEqual(readStatement(bytes(statement), purpose), statement);
    }
  });

  const statement = statementOf("approval", approval);
  for (const [what, value, told] of [
    [
      "of another purpose",
      statementOf("waiver", waiver),
      /^it isn't a signed approval, see predicateType$/,
    ],
    ["of another type", { ...statement, _type: "https://in-toto.io/Statement/v0.1" }, /see _type$/],
    ["with a field too many", { ...statement, note: "" }, /see note$/],
    ["without a subject", { ...statement, subject: [] }, /see subject$/],
    ...Object.keys(approval).map((field) => {
      const predicate = { ...approval, [field]: undefined };
      const place = new RegExp(`see predicate\\.${field}$`);
      return [`without ${field}`, { ...statement, predicate }, place] as const;
    }),
    [
      "with a date without time",
      withPredicate({ expires: "2026-02-08" }),
      /see predicate\.expires$/,
    ],
    ["with a local time", withPredicate({ at: "2026-02-01T09:00:00+01:00" }), /see predicate\.at$/],
    ["with version 0", withPredicate({ version: "0" }), /see predicate\.version$/],
    [
      "with a version as a number",
      withPredicate({ version: 2 as never }),
      /see predicate\.version$/,
    ],
    ["with a short digest", withPredicate({ plan: "sha256:abc" }), /see predicate\.plan$/],
    ["with an unknown word", withPredicate({ forced: true } as never), /see predicate\.forced$/],
    [
      "about another version than it names",
      { ...statement, predicate: { ...approval, version: "3" } },
      /^its subject isn't the version that it names, models:\/churn-model\/3$/,
    ],
    [
      "about other bytes than it names",
      { ...statement, predicate: { ...approval, digest: digestOf("b") } },
      /^its subject isn't the version that it names/,
    ],
    [
      "about more than the version it names",
      { ...statement, subject: [modelSubject(pin), modelSubject(pin)] },
      /^its subject isn't the version that it names/,
    ],
  ] as const) {
    it(`refuses a statement ${what}`, () => {
      const read = readStatement(bytes(value), "approval");
      assert.ok("unreadable" in read);
      assert.match(read.unreadable, told);
    });
  }

  it("refuses a statement that names a field twice, in any spelling", () => {
    const twice = JSON.stringify(statement).replace('"stack"', '"st\\u0061ck":"dev","stack"');
    const read = readStatement(Buffer.from(twice), "approval");
    assert.deepEqual(read, {
      unreadable: 'what it signs can\'t be read, as it has the field "stack" twice',
    });
  });

  it("refuses bytes that aren't UTF-8", () => {
    const read = readStatement(Buffer.from([0x7b, 0xff, 0x7d]), "approval");
    assert.deepEqual(read, { unreadable: "what it signs can't be read, as it is not UTF-8 text" });
  });

  it("refuses a waiver whose reason says nothing", () => {
    const short = statementOf("waiver", { ...waiver, reason: "because  " });
    assert.deepEqual(readStatement(bytes(short), "waiver"), {
      unreadable: "it isn't a signed waiver, see predicate.reason",
    });
  });

  function withPredicate(change: Partial<ApprovalPredicate>) {
    return statementOf("approval", { ...approval, ...change });
  }
});

describe("readClaim", () => {
  it("says what an envelope claims, whoever signed it", () => {
    const claim = readClaim(signedLine(testKey("nobody"), "waiver", waiver), "waiver");
    assert.ok(!("unreadable" in claim));
    assert.deepEqual(claim.predicate, waiver);
  });

  it("refuses what is no envelope", () => {
    assert.ok("unreadable" in readClaim(JSON.stringify(approval), "approval"));
  });
});
