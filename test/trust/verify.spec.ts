import assert from "node:assert/strict";
import fc from "fast-check";
import { predicateTypes, statementOf } from "../../trust/statement";
import type { ApprovalPredicate, Envelope, Purpose, Trust } from "../../trust/types";
import { signersIn, verify } from "../../trust/verify";
import { digestOf, pin } from "../support/evidence";
import { signedLine, signedPayload, signersOf, testKey, trustIn } from "../support/signing";

const bea = testKey("bea@example.com");
const cem = testKey("cem@example.com");
const approval: ApprovalPredicate = {
  approver: "bea@example.com",
  stack: "prod",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  plan: digestOf("6"),
  at: "2026-02-01T09:00:00Z",
  expires: "2026-02-08T09:00:00Z",
};
const line = signedLine(bea, "approval", approval);
const trust = trustIn([bea]);

function problemOf(envelope: string | null, trusted: Trust = trust, purpose: Purpose = "approval") {
  const verified = verify(envelope, purpose, trusted);
  assert.ok("problem" in verified, JSON.stringify(verified));
  return verified.problem;
}

describe("verify", () => {
  it("gives the statement and who signed it", () => {
    assert.deepEqual(verify(line, "approval", trust), {
      statement: statementOf("approval", approval),
      signer: { keyId: bea.keyId, principals: ["bea@example.com"] },
    });
  });

  it("names every name of the key, on whichever line, once and in lower case", () => {
    const signers = signersOf(
      { key: bea, principals: ["Bea@Example.com", "bea@old.example.com"] },
      { key: cem },
      { key: bea, principals: ["bea@example.com", "rota"], purposes: ["waiver"] },
    );
    const verified = verify(line, "approval", { signers, revoked: "" });
    assert.ok("signer" in verified);
    assert.deepEqual(verified.signer.principals, [
      "bea@example.com",
      "bea@old.example.com",
      "rota",
    ]);
  });

  it("refuses what isn't signed", () => {
    assert.deepEqual(problemOf(null), { code: "signature-missing", reason: "it isn't signed" });
  });

  it("refuses what is no envelope", () => {
    assert.equal(problemOf(JSON.stringify(approval)).code, "signature-unreadable");
  });

  it("refuses a key that the signers don't have", () => {
    assert.deepEqual(problemOf(line, trustIn([cem])), {
      code: "signer-unknown",
      reason: `its key ${bea.keyId} is unknown, as no allowed signer has it`,
    });
  });

  it("refuses everybody where nobody may sign", () => {
    assert.deepEqual(problemOf(line, { signers: "# nobody yet\n", revoked: "" }), {
      code: "signer-unknown",
      reason: `its key ${bea.keyId} is unknown, as the allowed-signers file names nobody`,
    });
  });

  it("refuses a statement that was changed after it was signed", () => {
    const changed = { ...approval, expires: "2036-02-08T09:00:00Z" };
    const edited = {
      ...parsed(line),
      payload: parsed(signedLine(cem, "approval", changed)).payload,
    };
    assert.deepEqual(problemOf(JSON.stringify(edited)), {
      code: "signature-invalid",
      reason: `it was not signed as it stands by the key ${bea.keyId}`,
    });
  });

  it("refuses a signature by one key under the name of another", () => {
    const [signature] = parsed(signedLine(cem, "approval", approval)).signatures;
    const forged = { ...parsed(line), signatures: [{ ...signature, keyid: bea.keyId }] };
    assert.equal(problemOf(JSON.stringify(forged)).code, "signature-invalid");
    assert.equal(problemOf(JSON.stringify(forged), trustIn([bea, cem])).code, "signature-invalid");
  });

  it("refuses a signature that is cut short or empty", () => {
    const [signature] = parsed(line).signatures;
    for (const sig of ["", signature!.sig.slice(0, 8)]) {
      const cut = { ...parsed(line), signatures: [{ ...signature, sig }] };
      assert.equal(problemOf(JSON.stringify(cut)).code, "signature-invalid");
    }
  });

  it("refuses a revoked key, whether the signers still have it or not", () => {
    const problem = { code: "key-revoked", reason: `its key ${bea.keyId} is revoked` };
    assert.deepEqual(problemOf(line, trustIn([bea], [bea])), problem);
    assert.deepEqual(problemOf(line, trustIn([cem], [cem, bea])), problem);
  });

  it("refuses a key that may sign other things only", () => {
    const trusted = trustIn([{ key: bea, purposes: ["evidence", "waiver"] }]);
    assert.deepEqual(problemOf(line, trusted), {
      code: "signer-not-allowed",
      reason: "the key of bea@example.com may not sign for tollgate-approval",
    });
  });

  it("refuses a signed statement of another purpose, also from who may sign both", () => {
    assert.deepEqual(problemOf(line, trust, "waiver"), {
      code: "signature-unreadable",
      reason: "it isn't a signed waiver, see predicateType",
    });
  });

  it("refuses a key outside of its time, both ends belonging to it", () => {
    const at = (options: string, time?: string) => {
      const verified = verify(line, "approval", trustIn([{ key: bea, options }]), time);
      return "problem" in verified ? verified.problem.code : "counts";
    };
    assert.equal(at('valid-after="20260201090000Z",valid-before="20260201090000Z"'), "counts");
    assert.equal(at('valid-after="20260201090001Z"'), "key-not-valid-then");
    assert.equal(at('valid-before="20260201085959Z"'), "key-not-valid-then");
    assert.equal(at('valid-before="20260201"', "2026-01-31T00:00:00Z"), "counts");
    assert.equal(at('valid-before="20260201"', "no time at all"), "key-not-valid-then");
  });

  it("takes purpose and time from one line: two halves on two lines don't make a whole", () => {
    const trusted = trustIn([
      { key: bea, purposes: ["approval"], options: 'valid-before="20250101"' },
      { key: bea, purposes: ["waiver"] },
    ]);
    assert.equal(problemOf(line, trusted).code, "key-not-valid-then");
  });

  for (const [file, trusted, reason] of [
    [
      "allowed-signers",
      { signers: "bea ssh-rsa AAAA\n", revoked: "" },
      /^line 1 has a key of type/,
    ],
    ["revoked-keys", { signers: trust.signers, revoked: "\nbea\n" }, /^line 2 /],
  ] as const) {
    it(`refuses everything when a line of the ${file} file can't be read`, () => {
      const problem = problemOf(line, trusted);
      assert.equal(problem.code, "signers-unreadable");
      assert.match(problem.reason, reason);
      assert.ok(problem.reason.endsWith(` in the ${file} file`), problem.reason);
    });
  }

  it("prints no key id that isn't one", () => {
    const forged = { ...parsed(line), signatures: [{ keyid: "<script>", sig: "" }] };
    assert.ok(!problemOf(JSON.stringify(forged)).reason.includes("script"));
  });

  it("verifies anything that was signed as a statement, and nothing with one character changed", () => {
    const place = fc.nat({ max: line.length - 1 });
    fc.assert(
      fc.property(place, fc.constantFrom(...'{}[]",:=+/ aA0\\\u00e9'), (at, character) => {
        const changed = line.slice(0, at) + character + line.slice(at + 1);
        const verified = verify(changed, "approval", trust);
        if ("statement" in verified) {
          // White space between the envelope's parts isn't signed, what it says is.
          assert.deepEqual(verified.statement.predicate, approval);
          assert.deepEqual(JSON.parse(changed), parsed(line));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("never throws and never believes anything unsigned, whatever it is given", () => {
    const pieces = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        line,
        trust.signers,
        bea.keyId,
        '{"payloadType":',
        "[[[[",
        "\u0000",
        "\ud800",
      ),
    );
    const text = fc.array(pieces, { maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, text, fc.option(text), (envelope, signers, revoked, at) => {
        const verified = verify(envelope, "approval", { signers, revoked }, at ?? undefined);
        if ("statement" in verified) assert.deepEqual(JSON.parse(envelope), parsed(line));
        else assert.match(verified.problem.reason, /^[^.\n]/);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses any signed JSON that is no statement of its purpose", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const payload = Buffer.from(
          JSON.stringify({ predicateType: predicateTypes.approval, predicate: value }),
        );
        assert.equal(problemOf(signedPayload(bea, payload)).code, "signature-unreadable");
      }),
    );
  });
});

describe("signersIn", () => {
  it("gives each key once, with all its names", () => {
    const signers = signersOf(bea, cem, { key: bea, principals: ["Rota"] });
    assert.deepEqual(signersIn(signers), [
      { keyId: bea.keyId, principals: ["bea@example.com", "rota"] },
      { keyId: cem.keyId, principals: ["cem@example.com"] },
    ]);
  });
});

function parsed(envelope: string): Envelope {
  return JSON.parse(envelope) as Envelope;
}
