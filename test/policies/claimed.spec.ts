import assert from "node:assert/strict";
import fc from "fast-check";
import { type Claim, isLimit, judgeClaim, limitsOf, parseClaim } from "../../policies/claimed";
import { metricFloor } from "../../policies/gates/metric-floor";
import { only, withEvidence } from "./fixtures";

const claim = (metrics: Claim["metrics"]): Claim => ({ runId: "8f1c", version: "3", metrics });

describe("parseClaim", () => {
  const parse = (text: string) => parseClaim(Buffer.from(text));

  it("reads what training prints, with every further metric", () => {
    assert.deepEqual(parse('{"run_id":"8f1c","accuracy":0.91,"model_version":3,"f1":0.9}\n'), {
      runId: "8f1c",
      version: "3",
      metrics: { accuracy: 0.91, f1: 0.9 },
    });
  });

  const wrong: [text: string, why: string | RegExp][] = [
    ["", "nothing came"],
    ["\n", "nothing came"],
    ["accuracy=0.9", /^it is not JSON/],
    ["[0.9]", "it is not a JSON object"],
    ["null", "it is not a JSON object"],
    ['{"accuracy":0.9,"model_version":"3"}', "it has no run_id"],
    ['{"run_id":"8f1c","accuracy":0.9}', "its model_version is no version number"],
    ['{"run_id":"8f1c","model_version":"latest"}', "its model_version is no version number"],
    [
      '{"run_id":"a","model_version":1,"accuracy":0.9,"accuracy":1}',
      'it has the field "accuracy" twice',
    ],
    [`{"run_id":"${"a".repeat(70_000)}"}`, /^it is longer than/],
  ];
  for (const [text, why] of wrong) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      const parsed = parse(text);
      assert.ok("unreadable" in parsed);
      if (typeof why === "string") assert.equal(parsed.unreadable, why);
      else assert.match(parsed.unreadable, why);
    });
  }

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const parsed = parse(text);
        assert.ok("unreadable" in parsed || typeof parsed.runId === "string");
      }),
    );
  });
});

describe("judgeClaim", () => {
  const limits = { floors: { accuracy: 0.9, f1: 0.8 }, ceilings: { rmse: 12 } };

  it("gives a verdict for each limit, sorted, and refuses what wasn't said", () => {
    const verdicts = judgeClaim(claim({ accuracy: 0.91, rmse: 13 }), "m v3", limits, "mandatory");
    assert.deepEqual(
      verdicts.map(({ subject, status, code }) => [subject, status, code]),
      [
        ["accuracy", "passed", "ok"],
        ["f1", "refused", "missing"],
        ["rmse", "refused", "above-ceiling"],
      ],
    );
    assert.equal(verdicts[1]!.reason, "m v3 has no metric f1 on stdin, which has the floor 0.8.");
  });

  it("refuses a number as text, NaN and a share of more than 1, at the level it is given", () => {
    for (const [accuracy, code] of [
      ["0.95", "wrong-type"],
      [NaN, "not-finite"],
      [95, "wrong-unit"],
    ] as const) {
      const floors = { floors: { accuracy: 0.9 }, ceilings: {} };
      const [verdict] = judgeClaim(claim({ accuracy }), "m v3", floors, "advisory");
      assert.deepEqual([verdict?.code, verdict?.level], [code, "advisory"]);
    }
  });

  it("comes to the same as metric-floor does of evidence", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (accuracy) => {
        const floors = { accuracy: 0.9 };
        const measured = only(metricFloor, withEvidence("metrics", { accuracy }), { floors });
        const [said] = judgeClaim(
          claim({ accuracy }),
          "m v3",
          { floors, ceilings: {} },
          "mandatory",
        );
        assert.deepEqual(
          [said?.passed, said?.code, said?.value, said?.threshold, said?.margin],
          [measured.passed, measured.code, measured.value, measured.threshold, measured.margin],
        );
      }),
    );
  });
});

describe("limitsOf", () => {
  const configured = (level: "advisory" | "disabled") =>
    limitsOf({ "metric-floor": { level, settings: { floors: { accuracy: 0.9 } } } });

  it("gives the limits and level of metric-floor, and null where it is off", () => {
    assert.deepEqual(configured("advisory"), {
      limits: { floors: { accuracy: 0.9 }, ceilings: {} },
      level: "advisory",
    });
    assert.equal(configured("disabled"), null);
    assert.equal(limitsOf({}), null);
  });
});

describe("isLimit", () => {
  it("takes what the metric can have", () => {
    assert.deepEqual(
      [isLimit("accuracy", 0.9), isLimit("accuracy", 90), isLimit("r2", -1), isLimit("auc", 7)],
      [true, false, true, true],
    );
  });
});
