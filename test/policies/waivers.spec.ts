import assert from "node:assert/strict";
import type { Candidate } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { judge } from "../../policies/judge";
import { longestWaiverDays } from "../../policies/waiver-days";
import { activeWaivers, waiverProblems } from "../../policies/waivers";
import type { WaiverPredicate } from "../../trust/types";
import { signedLine, testKey, trustIn } from "../support/signing";
import { candidate, configured, digestOf, pin, withEvidence } from "./fixtures";

const bea = testKey("bea@example.com");
const waiver: WaiverPredicate = {
  gate: "latency",
  stack: "staging",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  evidence: candidate().evidenceDigest!,
  refusals: [{ subject: "p95", code: "above-limit", value: 80, threshold: 50 }],
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
  const [sentence, ...more] = waiverProblems(given, []);
  assert.deepEqual(more, []);
  assert.equal(activeWaivers(given).size, sentence === undefined ? 1 : 0);
  if (sentence === undefined) return null;
  const start = `Waiver 1 of churn-model v2${gate} doesn't count: `;
  assert.ok(sentence.startsWith(start) && sentence.endsWith("."), sentence);
  return sentence.slice(start.length, -1);
}

describe("activeWaivers", () => {
  it("gives a signed waiver by its gate, with who answers for it, why and until when", () => {
    assert.deepEqual([...activeWaivers(judged([line()]))], [["latency", [waiver]]]);
    assert.deepEqual(waiverProblems(judged([line()]), []), []);
  });

  it("puts the one that lasts longer of two for one gate first, in either order", () => {
    const later = line({ expires: "2026-02-03T09:00:00Z" });
    for (const lines of [
      [line(), later],
      [later, line()],
    ]) {
      const [first, second] = activeWaivers(judged(lines)).get("latency")!;
      assert.equal(first?.expires, "2026-02-03T09:00:00Z");
      assert.equal(second?.expires, waiver.expires);
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

  it("refuses a waiver that was given on other evidence, or on none in particular", () => {
    const own = candidate().evidenceDigest!.slice(0, 19);
    assert.equal(
      problem(line({ evidence: digestOf("9") })),
      `it was given on the evidence sha256:999999999999, and now it is ${own}; sign again`,
    );
    assert.equal(
      problem(line({ evidence: undefined, refusals: undefined })),
      "it doesn't name the evidence that it was given on; sign again",
    );
  });

  it("refuses a waiver that was signed before the version was gone back from, and counts one signed since", () => {
    const left = (goneBackFromAt: string) => ({ history: { ...candidate().history, goneBackFromAt } }); // prettier-ignore
    assert.equal(problem(line(), left("2026-02-01T08:59:59.999Z")), null);
    for (const time of ["2026-02-01T09:00:00.000Z", "2026-02-01T10:00:00.000Z"]) {
      assert.equal(
        problem(line(), left(time)),
        `it was signed at 2026-02-01T09:00:00Z, before staging went back from this version at ${time}; sign again`,
      );
    }
  });

  it("counts one of before, that names no evidence, for a version that was released, and in a replay", () => {
    const old = line({ evidence: undefined, refusals: undefined });
    const releasedAt = "2026-02-01T10:00:00Z";
    const history = { ...candidate().history, releasedAt };
    assert.equal(problem(old, { history, judgedAt: releasedAt }), null);
    assert.equal(problem(old, { replayed: true }), null);
  });

  it("counts one that was signed after the version had been released before", () => {
    const history = { ...candidate().history, releasedAt: "2026-01-10T12:00:00Z" };
    assert.equal(problem(line(), { history, judgedAt: "2026-01-10T12:00:00Z" }), null);
  });

  it("numbers the lines as they are given", () => {
    const lines = [line(), line({ stack: "dev" })];
    assert.deepEqual(waiverProblems(judged(lines), []), [
      "Waiver 2 of churn-model v2 (latency) doesn't count: it is for dev, not for staging.",
    ]);
  });
});

describe("what a waiver covers", () => {
  const slow = (p95Ms: number) => withEvidence("latency", { p95Ms });
  const limits = (more = {}) => configured({ latency: { p95Ms: 50, ...more } });

  /** Verdicts on latency of a version that is this slow, under a waiver of its own evidence with these changes. */
  function verdicts(
    p95Ms: number,
    change: Partial<WaiverPredicate>,
    more: Partial<Candidate> = {},
  ) {
    const { evidence, evidenceDigest, evidenceSignature } = slow(p95Ms);
    const bound = line({ evidence: evidenceDigest!, ...change });
    const measured = { evidence, evidenceDigest, evidenceSignature };
    const given = judged([bound], { ...measured, ...more });
    const all = judge(given, limits());
    const [verdict] = all.filter(({ gate }) => gate === "latency");
    return { status: verdict?.status, problems: waiverProblems(given, all) };
  }
  const refusal = { subject: "p95", code: "above-limit", value: 80, threshold: 50 };

  for (const [what, p95Ms, change, status] of [
    ["exactly the value that was waived", 80, {}, "waived"],
    ["a better one", 60, {}, "waived"],
    ["no worse one", 80.01, {}, "refused"],
    ["no other part of the gate", 80, { refusals: [{ ...refusal, subject: "p99" }] }, "refused"],
    ["no other kind of refusal", 80, { refusals: [{ ...refusal, code: "not-finite" }] }, "refused"],
    ["nothing, when it names no refusal", 80, { refusals: [] }, "refused"],
    [
      "nothing, when it was given before refusals were named",
      80,
      { refusals: undefined },
      "refused",
    ],
    ["one of several", 80, { refusals: [{ ...refusal, value: 55 }, refusal] }, "waived"],
    ["no text in place of a number", 80, { refusals: [{ ...refusal, value: "80" }] }, "refused"],
  ] as [string, number, Partial<WaiverPredicate>, string][]) {
    it(`is ${what}`, () => {
      const found = verdicts(p95Ms, change);
      assert.equal(found.status, status);
      assert.deepEqual(
        found.problems,
        status === "waived"
          ? []
          : [
              `Waiver 1 of churn-model v2 (latency) doesn't cover p95 above-limit at ${p95Ms} (threshold 50); sign again.`,
            ],
      );
    });
  }

  it("is a value above the one waived where the limit is a floor, and none below it", () => {
    const floor = { subject: "accuracy", code: "below-floor", value: 0.85, threshold: 0.9 };
    for (const [accuracy, status] of [
      [0.85, "waived"],
      [0.86, "waived"],
      [0.8499, "refused"],
    ] as const) {
      const weak = withEvidence("metrics", { accuracy });
      const bound = line({
        gate: "metric-floor",
        evidence: weak.evidenceDigest!,
        refusals: [floor],
      });
      const given = { ...weak, waivers: [bound], trust: trustIn([bea]) };
      const all = judge(given, configured({ "metric-floor": { floors: { accuracy: 0.9 } } }));
      assert.equal(all.find(({ gate }) => gate === "metric-floor")?.status, status);
    }
  });

  it("is whatever the moment is, for a gate that judges the moment", () => {
    const closed = configured({ window: { freezes: [{ from: "2026-01-01", to: "2026-12-31", reason: "audit" }] } }); // prettier-ignore
    const given = judged([line({ gate: "window", refusals: [] })]);
    assert.equal(judge(given, closed).find(({ gate }) => gate === "window")?.status, "waived");
  });

  it("is a worse value, for a version that comes back: it does so under the waivers of then", () => {
    const releasedAt = "2026-02-01T10:00:00Z";
    const back = { history: { ...candidate().history, releasedAt }, judgedAt: releasedAt };
    const then = { evidence: digestOf("9") };
    assert.deepEqual(verdicts(90, then, back), { status: "waived", problems: [] });
  });
});
