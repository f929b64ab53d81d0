import assert from "node:assert/strict";
import fc from "fast-check";
import { codesOf } from "../../../policies/codes";
import type { Candidate, Finding } from "../../../policies/gate";
import { contract } from "../../../policies/gates/contract";
import type { Evidence } from "../../../registry/evidence";
import { candidate, digestOf, evidence, only, refusesWithoutEvidence } from "../fixtures";

type Signature = NonNullable<Evidence["signature"]>;
type Column = Signature["inputs"][number];

const { history } = candidate();
const deployed = evidence.signature!;
const tenure: Column = { name: "tenure", type: "double", required: true };
const region: Column = { name: "region", type: "string", required: true };

/** A candidate with these inputs and outputs, beside the deployed one with those. */
function changed(
  now: Partial<Signature> | null,
  before: Partial<Signature> | null = {},
): Candidate {
  const signature = (given: Partial<Signature> | null) => given && { ...deployed, ...given };
  const comparison = evidence.comparison!;
  return candidate({
    evidence: {
      ...evidence,
      signature: signature(now),
      comparison: {
        ...comparison,
        deployed: { ...comparison.deployed, signature: signature(before) },
      },
    },
  });
}

const judge = (...given: Parameters<typeof changed>): Finding => only(contract, changed(...given));

describe("contract", () => {
  it("passes the same contract", () => {
    assert.deepEqual(only(contract, candidate()), {
      passed: true,
      subject: null,
      code: "ok",
      value: 0,
      threshold: 0,
      margin: 0,
      reason: "churn-model v2 has the same contract as churn-model v1.",
    });
  });

  it("passes a new optional input and a widened one, and says so", () => {
    const visits: Column = { name: "visits", type: "long", required: false };
    const before = { inputs: [{ ...tenure, type: "integer" }, region] };
    assert.equal(
      judge({ inputs: [tenure, { ...region, required: false }, visits] }, before).reason,
      "churn-model v2 can be called like churn-model v1: input tenure is widened from integer to double; input region is now optional; input visits (long, optional) is new and optional.",
    );
  });

  for (const [what, now, clause] of [
    ["a removed input", { inputs: [tenure] }, "input region (string) is removed"],
    [
      "a narrowed input",
      { inputs: [{ ...tenure, type: "long" }, region] },
      "input tenure is narrowed from double to long",
    ],
    [
      "an input of another kind",
      { inputs: [tenure, { ...region, type: "datetime" }] },
      "input region is changed from string to datetime",
    ],
    [
      "a new required input",
      { inputs: [tenure, region, { name: "plan", type: "string", required: true }] },
      "input plan (string) is new and required",
    ],
    [
      "reordered inputs, which a row sent as a list would mix up",
      { inputs: [region, tenure] },
      "inputs are reordered from tenure, region to region, tenure",
    ],
    [
      "an output of another type",
      { outputs: [{ name: "prediction", type: "double", required: true }] },
      "output is changed from prediction (long) to prediction (double)",
    ],
    [
      "another output",
      { outputs: [{ name: "score", type: "long", required: true }] },
      "output is changed from prediction (long) to score (long)",
    ],
    [
      "an added output",
      { outputs: [...deployed.outputs, { name: "score", type: "double", required: true }] },
      "output is changed from prediction (long) to prediction (long), score (double)",
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(judge(now as unknown as Partial<Signature>), {
        passed: false,
        subject: null,
        code: "breaks-callers",
        value: 1,
        threshold: 0,
        margin: -1,
        reason: `churn-model v2 breaks callers of churn-model v1: ${clause}.`,
      });
    });
  }

  it("refuses an input that was optional and is required", () => {
    const before = { inputs: [tenure, { ...region, required: false }] };
    assert.match(judge({}, before).reason, /: input region is now required\.$/);
  });

  it("refuses what breaks among what doesn't, and tells the two apart", () => {
    const visits: Column = { name: "visits", type: "long", required: false };
    assert.equal(
      judge({ inputs: [tenure, visits] }).reason,
      "churn-model v2 breaks callers of churn-model v1: input region (string) is removed (harmless: input visits (long, optional) is new and optional).",
    );
  });

  it("refuses a new input that doesn't say clearly that it is optional", () => {
    const vague = { name: "plan", type: "string", required: "no" } as unknown as Column;
    assert.equal(judge({ inputs: [tenure, region, vague] }).code, "breaks-callers");
  });

  it("refuses when one of the two has no signature", () => {
    const [now, before] = [judge(null), judge({}, null)];
    assert.equal(now.code, "no-signature");
    assert.equal(
      now.reason,
      "churn-model v2 was logged without a signature, so nobody can tell whether it breaks callers of churn-model v1.",
    );
    assert.equal(before.code, "no-signature");
    assert.equal(
      before.reason,
      "churn-model v1 was logged without a signature, so nobody can tell whether churn-model v2 breaks its callers.",
    );
  });

  it("refuses a comparison with another version than is deployed, or none", () => {
    const other = { name: "churn-model", version: "7", digest: digestOf("b") };
    const judged = candidate({ history: { ...history, deployed: other } });
    assert.equal(only(contract, judged).code, "compared-with-another");
    const never = candidate({ evidence: { ...evidence, comparison: null } });
    assert.equal(only(contract, never).code, "not-measured");
  });

  it("passes when nothing is deployed, and when the version comes back", () => {
    const broken = changed({ inputs: [tenure] });
    for (const change of [{ deployed: null }, { releasedAt: "2026-01-10T12:00:00.000Z" }]) {
      const judged = { ...broken, history: { ...history, ...change } };
      assert.equal(only(contract, judged).passed, true);
    }
  });

  it("refuses with each of its codes", () => {
    const other = { name: "churn-model", version: "7", digest: digestOf("b") };
    const findings = [
      judge({ inputs: [tenure] }),
      judge(null),
      only(contract, candidate({ evidence: { ...evidence, comparison: null } })),
      only(contract, candidate({ history: { ...history, deployed: other } })),
    ];
    assert.deepEqual(
      findings.map(({ code }) => code),
      codesOf(contract).map(({ code }) => code),
    );
  });

  const column = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    type: fc.constantFrom("integer", "long", "float", "double", "string"),
    required: fc.boolean(),
  });
  const inputs = fc.uniqueArray(column, { minLength: 1, selector: ({ name }) => name });

  it("passes exactly the contracts by which every earlier request is still taken", () => {
    fc.assert(
      fc.property(inputs, inputs, (before, now) => {
        assert.equal(judge({ inputs: now }, { inputs: before }).passed, takesAll(before, now));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses no settings but unknown ones", () => {
    assert.equal(contract.settings.safeParse({}).success, true);
    assert.equal(contract.settings.safeParse({ strict: true }).success, false);
  });

  it("refuses without evidence", () => refusesWithoutEvidence(contract, "contract"));
});

/** Said the slow way: by the requests that were right before, as objects and as lists. */
function takesAll(before: readonly Column[], now: readonly Column[]): boolean {
  const takes = new Set(["integer long", "integer double", "long double", "float double"]);
  const find = (name: string) => now.findIndex((column) => column.name === name);
  const fits = before.every((column) => {
    const found = now[find(column.name)];
    if (!found) return false;
    const typed = found.type === column.type || takes.has(`${column.type} ${found.type}`);
    return typed && (column.required || !found.required);
  });
  const extra = now.filter(({ name }) => !before.some((column) => column.name === name));
  const places = before.map(({ name }) => find(name));
  const inOrder = places.every((place, index) => index === 0 || place > places[index - 1]!);
  return fits && inOrder && extra.every(({ required }) => !required);
}
