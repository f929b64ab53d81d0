import assert from "node:assert/strict";
import type { Candidate } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { activeWaivers, longestWaiverDays, waiverProblems } from "../../policies/waivers";
import type { WaiverPredicate } from "../../trust/types";
import { signedLine, testKey, trustIn } from "../support/signing";
import { candidate, digestOf, pin } from "./fixtures";

const bea = testKey("bea@example.com");
const waiver: WaiverPredicate = {
  gate: "latency",
  stack: "staging",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  reason: "slow disk, ticket 4711",
  owner: "bea@example.com",
  at: "2026-02-01T09:00:00Z",
  expires: "2026-02-02T09:00:00Z",
};
const line = (change: Partial<WaiverPredicate> = {}) =>
  signedLine(bea, "waiver", { ...waiver, ...change });

function judged(waivers: readonly string[], change: Partial<Candidate> = {}): Candidate {
  return candidate({ waivers, trust: trustIn([bea]), ...change });
}

/** Why the one waiver doesn't count, as a clause; null when it does. */
function problem(waivers: string, change: Partial<Candidate> = {}, gate = " (latency)") {
  const given = judged([waivers], change);
  const [sentence, ...more] = waiverProblems(given);
  assert.deepEqual(more, []);
  assert.equal(activeWaivers(given).size, sentence === undefined ? 1 : 0);
  if (sentence === undefined) return null;
  const start = `Waiver 1 of churn-model v2${gate} doesn't count: `;
  assert.ok(sentence.startsWith(start) && sentence.endsWith("."), sentence);
  return sentence.slice(start.length, -1);
}

describe("activeWaivers", () => {
  it("gives a signed waiver by its gate, with who answers for it, why and until when", () => {
    const { owner, reason, expires } = waiver;
    assert.deepEqual(
      [...activeWaivers(judged([line()]))],
      [["latency", { owner, reason, expires }]],
    );
    assert.deepEqual(waiverProblems(judged([line()])), []);
  });

  it("takes the one that lasts longer of two for one gate, in either order", () => {
    const later = line({ expires: "2026-02-03T09:00:00Z" });
    for (const lines of [
      [line(), later],
      [later, line()],
    ]) {
      const [[, active] = []] = activeWaivers(judged(lines));
      assert.equal(active?.expires, "2026-02-03T09:00:00Z");
    }
  });

  it("gives none when there is none", () => {
    assert.equal(activeWaivers(judged([])).size, 0);
  });
});

describe("waiverProblems", () => {
  it("refuses a waiver from the moment it expires", () => {
    const { expires } = waiver;
    assert.equal(problem(line(), { judgedAt: "2026-02-02T08:59:59.999Z" }), null);
    assert.equal(problem(line(), { judgedAt: expires }), `it expired at ${expires}`);
  });

  it("refuses a waiver of tomorrow, apart from what two clocks differ by", () => {
    assert.equal(problem(line(), { judgedAt: "2026-02-01T08:55:00Z" }), null);
    assert.equal(
      problem(line(), { judgedAt: "2026-02-01T08:54:59Z" }),
      "it is from the future, 2026-02-01T09:00:00Z",
    );
  });

  it("refuses a waiver for longer than is allowed, by whoever wrote it", () => {
    const until = (day: string) => line({ expires: `2026-03-${day}T09:00:00Z` });
    assert.equal(longestWaiverDays, 30);
    assert.equal(problem(until("03")), null);
    assert.equal(
      problem(until("04")),
      "it lasts until 2026-03-04T09:00:00Z, and the longest is 30 days",
    );
  });

  it("refuses a waiver whose date was edited", () => {
    const edited = JSON.parse(line()) as { payload: string };
    const statement = Buffer.from(edited.payload, "base64").toString();
    edited.payload = Buffer.from(statement.replace("2026-02-02", "2026-02-09")).toString("base64");
    assert.equal(
      problem(JSON.stringify(edited)),
      `it was not signed as it stands by the key ${bea.keyId}`,
    );
  });

  it("refuses a waiver of another environment, version or bytes", () => {
    assert.equal(problem(line({ stack: "dev" })), "it is for dev, not for staging");
    assert.equal(problem(line({ version: "1" })), "it is for churn-model v1");
    assert.equal(problem(line({ model: "fraud-model" })), "it is for fraud-model v2");
    assert.equal(
      problem(line({ digest: digestOf("b") })),
      `it is for other bytes, ${digestOf("b")}`,
    );
  });

  it("refuses a waiver in the name of somebody whose key didn't sign it", () => {
    assert.equal(
      problem(line({ owner: "ann@example.com" })),
      "it names ann@example.com as its owner, but the key of bea@example.com signed it",
    );
    assert.equal(problem(line({ owner: "Bea@Example.com" })), null);
  });

  it("refuses a key that may sign other things only, is revoked or unknown", () => {
    assert.equal(
      problem(line(), { trust: trustIn([{ key: bea, purposes: ["approval"] }]) }),
      "the key of bea@example.com may not sign for tollgate-waiver",
    );
    assert.equal(
      problem(line(), { trust: trustIn([bea], [bea]) }),
      `its key ${bea.keyId} is revoked`,
    );
    assert.equal(
      problem(line(), { trust: trustIn([]) }),
      `its key ${bea.keyId} is unknown, as the allowed-signers file names nobody`,
    );
  });

  for (const { name } of gates.filter(({ waivable }) => !waivable)) {
    it(`refuses a waiver of ${name}, which can't be waived`, () => {
      assert.equal(problem(line({ gate: name }), {}, ` (${name})`), `${name} can't be waived`);
    });
  }

  it("refuses a waiver of a gate that doesn't exist, and prints odd names as JSON only", () => {
    assert.equal(problem(line({ gate: "speed" }), {}, " (speed)"), 'there is no gate "speed"');
    assert.equal(problem(line({ gate: "Speed <b>" }), {}, ""), 'there is no gate "Speed <b>"');
  });

  it("refuses a line that isn't signed", () => {
    assert.equal(
      problem(JSON.stringify(waiver), {}, ""),
      "it isn't a DSSE envelope, see payloadType",
    );
  });

  it("counts one that was signed after the version had been released before", () => {
    const history = { ...candidate().history, releasedAt: "2026-01-10T12:00:00Z" };
    assert.equal(problem(line(), { history, judgedAt: "2026-01-10T12:00:00Z" }), null);
  });

  it("numbers the lines as they are given", () => {
    const lines = [line(), line({ stack: "dev" })];
    assert.deepEqual(waiverProblems(judged(lines)), [
      "Waiver 2 of churn-model v2 (latency) doesn't count: it is for dev, not for staging.",
    ]);
  });
});
